"""Starts the grader a second time, without what no submission may find in the memory that it inherits.

Workers are forks of forks of this process: its command line, its environment, and what Python made of both would be
theirs to search. The seed waits in a pipe instead, which only the process that draws the hidden inputs reads.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

# What the grader and its libraries look at. Everything else stays behind: nobody knows what an environment holds.
KEPT = {
    *("AUTOGRADER_PLATFORM", "HOME", "XDG_CACHE_HOME", "PATH", "TMPDIR", "TZ", "LANG", "LANGUAGE", "VIRTUAL_ENV"),
    *("TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
}
KEPT_KINDS = ("LC_", "PYTHON", "LD_", "DYLD_", "CUDA_", "NVIDIA_", "OMP_", "KMP_", "MKL_", "OPENBLAS_")


def start_again(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the same program with these arguments. Raises OSError."""
    # The end of what this process was called with; before it stand the interpreter's options and the program.
    program = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
    environment = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_KINDS)}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *program, *arguments], environment)


def end(status: int) -> NoReturn:
    """End this process at once: taking down an interpreter that has torch in it takes a third of a second."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def hand_over(seed: int | None) -> int:
    """A descriptor, open in the program that this process becomes, that `take_over` reads the seed from."""
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    os.write(writing, b"" if seed is None else str(seed).encode())
    os.close(writing)
    return reading


def take_over(descriptor: int) -> int | None:
    """The seed that was handed over, None if there was none. Works once."""
    with open(descriptor, "rb") as pipe:
        text = pipe.read()
    return int(text) if text else None
