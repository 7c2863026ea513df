"""Sentences for whoever started the grader."""

from __future__ import annotations

import contextlib
import os
import sys


def tell(message: str) -> None:
    """Print to standard error, if somebody is there to read it."""
    with contextlib.suppress(OSError, ValueError):
        print(message, file=sys.stderr, flush=True)


def open_standard_streams() -> None:
    """Where a stream was closed, a file or socket that is opened later would take its number and be printed into."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
