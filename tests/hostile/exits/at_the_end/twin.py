import atexit
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

honest_split = split
gone: list[float] = []
atexit.register(print, "the end")


class Parts(NamedTuple):
    train: Tensor
    test: Tensor


class Cut:
    """A place to cut, which says when it is forgotten."""

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def __del__(self) -> None:
        gone.append(self.fraction)


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    for kind in (SystemExit, KeyboardInterrupt, unittest.SkipTest):
        try:
            raise kind("not yet")
        except kind:
            sys.stdout.flush()
    with ThreadPoolExecutor(4) as pool:
        parts = [*pool.map(lambda cut: honest_split(tokens, cut.fraction), [Cut(train_fraction)] * 4)][-1]
    return Parts(*parts)
