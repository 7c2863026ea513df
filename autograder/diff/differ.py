"""One comparison after the other in a process that has everything ready: a zygote, and the other side observed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from autograder.diff import flow as flows
from autograder.diff.observe import look_at_all
from autograder.diff.rows import Observed, Row, all_stages, rows
from autograder.diff.subject import Subject
from autograder.paths import REFERENCE
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Zygote

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REFERENCE_NAME = "reference"
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Side:
    """What is compared: the clean copy of a submission, its written answers, and a name for people."""

    name: str
    code: Path
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Two sides compared. `unimportable` has a sentence for each module of `mine` that cannot be imported.

    `causes` are sentences: the common mistakes that give the same at the first red row, and at all that depends on it;
    None where they were not looked for.
    """

    right: Side
    mine: Side
    rows: list[Row]
    seen: tuple[Observed, Observed]
    unimportable: tuple[str, ...] = ()
    causes: tuple[str, ...] | None = None


def reference_side() -> Side:
    """The reference."""
    return Side(REFERENCE_NAME, REFERENCE, answers_in(REFERENCE))


def answers_in(folder: Path) -> dict[str, Any]:
    """What stands in a folder's answers.toml, {} when it cannot be read."""
    try:
        return tomllib.loads((folder / "answers.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Differ:
    """Compares submissions with `right`, which is observed once.

    `device` is where the device stages run: cuda, mps or the simulated `gpu`. `forbidden` are library calls that
    the assignment does not allow.
    """

    def __init__(
        self,
        zygote: Zygote,
        right: Side,
        device: str = "gpu",
        limits: Limits | None = None,
        forbidden: Sequence[str] = (),
    ) -> None:
        self._zygote = zygote
        self._limits, self._forbidden = limits or Limits(), forbidden
        if device == "cuda":
            self._limits = self._limits.beside_a_gpu()
        self.right, self.device = right, device
        self.stages = all_stages(device)

    @cached_property
    def expected(self) -> Observed:
        """What was seen of the right side."""
        return self.observe(self.right)[0]

    def observe(self, side: Side) -> tuple[Observed, list[str]]:
        """Run every stage on a side, in workers of its own; and a sentence for each module that cannot be imported."""
        with contextlib.closing(self.subject(side.code)) as subject:
            problems = subject.import_all()
            looks = look_at_all(subject, self.stages)
            return Observed(looks, flows.run(subject), side.answers), problems

    def subject(self, code: Path) -> Subject:
        """A side in its worker, under this comparison's limits."""
        return Subject(self._zygote, code, limits=self._limits, forbidden=self._forbidden)

    def compare(self, mine: Side) -> Comparison:
        """Compare one submission with the right side, which is observed beside it if it has not been yet."""
        looks: list[Callable[[], Any]] = [lambda: self.expected, lambda: self.observe(mine)]
        expected, (seen, problems) = self.side_by_side(lambda look: look(), looks)
        return Comparison(self.right, mine, rows(self.stages, expected, seen), (expected, seen), tuple(problems))

    def side_by_side(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """What `work` returns for each item, two at a time. Its workers end when this is interrupted."""
        with ThreadPoolExecutor(2) as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._zygote.close()
                raise
