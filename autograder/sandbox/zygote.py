"""The grader's side of the zygote, the process that workers are forked from."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from autograder.sandbox import control, nursery, privileges

if TYPE_CHECKING:
    from autograder.sandbox.worker import Spec

IMPORT_SECONDS = 120.0  # for PyTorch: three, or twelve on half a processor
ANSWER_SECONDS = 10.0  # for what takes milliseconds; ending a worker may take nursery.PATIENCE twice on top


class SandboxError(RuntimeError):
    """The sandbox itself failed. Never the submission's fault: the run is "not graded"."""


class Disturbed(SandboxError):
    """Something from outside hit one worker, as when memory ran out. The same in a new worker may go well."""


class Zygote:
    """A process with torch imported and no secrets in it. Use as a context manager, or call `close`."""

    def __init__(self, channel: socket.socket, wait: Callable[[bool], bool]) -> None:
        self._channel = channel
        self._wait = wait
        self._turn = threading.Lock()  # two threads may each have a session
        self._asked = 0
        self._gone = ""

    @classmethod
    def start(cls, names: tuple[str, ...] = nursery.EVERYTHING) -> Zygote:
        """Import torch, then fork this process; `names` are imported there, while this one goes on.

        Call before anything secret is loaded, and before any tensor operation: a fork after one hangs.
        """
        nursery.preload(nursery.WANTED_BY_THE_GRADER)
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library's sleeping threads are no reason not to fork
            pid = os.fork()
        if pid == 0:
            nursery.run(theirs, names)
        theirs.close()
        return cls(ours, lambda kill: _wait_for_fork(pid, kill))

    @classmethod
    def start_apart(cls) -> Zygote:
        """The same in a new interpreter, at the cost of one more import of torch: possible at any time."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "autograder.sandbox.nursery", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=nursery.ROOT, pass_fds=[theirs.fileno()])
        theirs.close()
        return cls(ours, lambda kill: _wait_for_process(process, kill))

    def spawn(self, spec: Spec, sock: int, output: int) -> int:
        """Fork a worker that speaks over `sock` and prints into `output`; its process id."""
        return int(self._ask({"request": "spawn", "spec": asdict(spec)}, (sock, output))["pid"])

    def end(self, pid: int, uid: int | None, grace: float) -> dict[str, Any]:
        """End a worker and all it left behind: `status` (negative: a signal), `by_itself`, `left`, and its memory.

        In kB: `peak` is the most that it took, `grown` how much of it was beyond what it began with.
        """
        seconds = grace + 2 * nursery.PATIENCE + ANSWER_SECONDS
        return self._ask({"request": "end", "pid": pid, "uid": uid, "grace": grace}, seconds=seconds)

    def protect(self, paths: Iterable[Path]) -> list[str]:
        """Close files and folders to everybody else, and try as a worker's user whether they are.

        Returns the problems, in words; none of them may remain where grades count. Needs root.
        """
        existing = [path for path in paths if path.exists()]
        if not privileges.can_change_user():
            return ["the grader does not run as root, so that a submission can read what its user can read"]
        problems = privileges.close_to_others(existing)
        request = {"request": "readable", "uid": privileges.unused_id(), "paths": [str(path) for path in existing]}
        return problems + [f"{path}: open to the submission's user" for path in self._ask(request)["readable"]]

    def close(self) -> None:
        """End the zygote and every worker."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for an answer
        self._channel.close()
        until = time.monotonic() + 5
        while not self._wait(False):
            if time.monotonic() >= until:
                self._wait(True)
                return
            time.sleep(0.005)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _ask(
        self, message: dict[str, Any], descriptors: tuple[int, ...] = (), seconds: float | None = None
    ) -> dict[str, Any]:
        """Raises SandboxError; at once, when the zygote did not answer an earlier question."""
        with self._turn:
            return self._ask_in_turn(message, descriptors, ANSWER_SECONDS if seconds is None else seconds)

    def _ask_in_turn(self, message: dict[str, Any], descriptors: tuple[int, ...], seconds: float) -> dict[str, Any]:
        if self._gone:
            raise SandboxError(self._gone)
        self._asked += 1
        deadline = time.monotonic() + seconds + (IMPORT_SECONDS if self._asked == 1 else 0.0)
        try:
            control.send(self._channel, {**message, "id": self._asked}, descriptors, deadline)
            reply, _ = control.receive(self._channel, deadline)
            while reply["id"] != self._asked:  # the answer to a question that was interrupted
                reply, _ = control.receive(self._channel, deadline)
        except TimeoutError as error:
            self._give_up("hangs", error)
        except (OSError, EOFError, ValueError, KeyError) as error:
            self._give_up("has ended", error)
        if "failed" in reply:
            raise SandboxError(f"the process that starts workers failed: {reply['failed']}")
        return reply

    def _give_up(self, how: str, error: Exception) -> NoReturn:
        """Nothing more is to be had from the zygote. Its workers die with it."""
        self._gone = f"the process that starts workers {how}"
        self._wait(True)
        raise SandboxError(self._gone) from error


def _wait_for_fork(pid: int, kill: bool) -> bool:
    try:
        if kill:
            os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0 if kill else os.WNOHANG)[0] == pid
    except (ChildProcessError, ProcessLookupError):
        return True


def _wait_for_process(process: subprocess.Popen[bytes], kill: bool) -> bool:
    if kill:
        process.kill()
        process.wait()
    return process.poll() is not None
