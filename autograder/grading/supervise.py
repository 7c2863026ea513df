"""Runs the parts of a grading in child processes, so that the death of any of them can still be told.

The process that does this does nothing else: it imports nothing heavy, holds nothing secret and reads nothing of the
submission, so that little can happen to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from autograder.grading.messages import tell
from autograder.sandbox import privileges

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 5.0  # seconds for a zygote that lost its grader to end its workers and itself
PATIENCE = 20.0  # seconds for killed processes to be gone


class Interrupted(BaseException):
    """This process was told to end, by one of the signals in ENDING."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Overdue(Exception):
    """A part did not end in time, and was killed."""


class Family:
    """This process's children for one grading, and what they leave behind. Use as a context manager.

    Inside, the signals in ENDING raise Interrupted, once. At the end no process is left that was started inside.
    """

    def __init__(self) -> None:
        self._others = _children()
        self._pids: set[int] = set()

    def __enter__(self) -> Family:
        privileges.adopt_orphans()
        # A signal that was ignored from the start (nohup) stays so.
        self._handlers = {number: signal.getsignal(number) for number in ENDING}
        for number, handler in self._handlers.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        with _held_back():
            try:
                self._end_all(0.0)
            finally:
                for number, handler in self._handlers.items():
                    signal.signal(number, handler)

    def run(self, part: Callable[[], int], seconds: float) -> int:
        """Run `part` in a child and end all that it started; its exit status, negative for the signal that ended it.

        Raises OSError when there can be no child, Overdue after `seconds`.
        """
        pid = self.begin(part)
        status = self._wait(pid, seconds)
        if status is None:
            self._end_all(0.0)
            raise Overdue(f"not done after {seconds:.0f} s")
        self._end_all(GRACE)
        return status

    def begin(self, part: Callable[[], int]) -> int:
        """Run `part` in a child beside this process; its process id. Raises OSError when there can be no child."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()  # else the child prints it a second time
        parent = os.getpid()
        with _held_back():
            pid = os.fork()
            if pid == 0:
                _be_child(part, parent)
            self._pids.add(pid)
        return pid

    def end(self, pid: int) -> None:
        """End a child that `begin` started, if it has not ended by itself."""
        with _held_back():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            self._pids.discard(pid)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        for ending in ENDING:
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    def _wait(self, pid: int, seconds: float) -> int | None:
        until = time.monotonic() + seconds
        pause = 0.001
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._pids.discard(pid)
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= until:
                return None
            time.sleep(pause)
            pause = min(2 * pause, 0.02)

    def _end_all(self, grace: float) -> None:
        """Kill what is left after `grace` seconds, and wait until it is gone. Orphans are known on Linux only."""
        began = time.monotonic()
        while left := (self._pids | _children()) - self._others:
            waited = time.monotonic() - began
            if waited >= grace + PATIENCE:
                tell(f"warning: processes {sorted(left)} could not be ended")
                return
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    if waited >= grace:
                        os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    if os.waitpid(pid, os.WNOHANG)[0]:
                        self._pids.discard(pid)
            time.sleep(0.002)


def _be_child(part: Callable[[], int], parent: int) -> NoReturn:
    status = 1
    try:
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        privileges.die_with(parent)
        status = part()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """The ending signals wait, so that none comes between a fork and the knowledge of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _children() -> set[int]:
    try:
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
    except OSError:
        return set()
