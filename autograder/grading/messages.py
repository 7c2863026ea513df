"""Sentences for whoever started the grader."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

from autograder.results.text import clean


def tell(message: str) -> None:
    """Print to standard error, if somebody is there to read it. The message may quote a student."""
    with contextlib.suppress(OSError, ValueError):
        # Not sys.stderr: while checks run, that is what pytest prints into.
        print(clean(message, 6000, 120), file=sys.__stderr__ or sys.stderr, flush=True)


def account(error: BaseException) -> str:
    """What went wrong, then where: of a text that is too long the end is cut."""
    lines = traceback.format_exception(error)
    return "".join([lines[-1], *lines])


def open_standard_streams() -> None:
    """Where a stream was closed, a file or socket that is opened later would take its number and be printed into."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            # A descriptor of its own would be closed with it, in a worker perhaps after something else took its number.
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
