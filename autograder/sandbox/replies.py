"""Reads what a worker answers, or how it ended, and says it as a SubmissionError. Trusts none of it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from autograder.sandbox.failures import LONGEST_MESSAGE, LONGEST_PLACE, REPLACED
from autograder.sandbox.wire import Malformed
from support.checking import CallTimedOut, OutOfMemory, SubmissionError, WorkerDied
from support.failures import BadReply, Missing, Replaced

SIGNALS = {
    signal.SIGSEGV: "was stopped by an invalid memory access (SIGSEGV)",
    signal.SIGBUS: "was stopped by an invalid memory access (SIGBUS)",
    signal.SIGABRT: "aborted (SIGABRT)",
    signal.SIGFPE: "was stopped by an arithmetic error (SIGFPE)",
    signal.SIGKILL: "was killed (SIGKILL)",
    signal.SIGXFSZ: "wrote a file that is too large (SIGXFSZ)",
}
NO_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|bad_alloc", re.IGNORECASE)


class Unexplained(SubmissionError):
    """The worker was killed by somebody else than the grader: perhaps by the submission, perhaps by the system."""


class Killed(WorkerDied, Unexplained):
    """By whom is not known."""


class FilledDisk(WorkerDied, Unexplained):
    """The room on the disk was back when the worker had ended, unless another program gave it back just then."""


class KilledForMemory(OutOfMemory, Unexplained):
    """By the system, when memory ran out."""


def require_signature(reply: dict[str, Any], body: bytes) -> None:
    """Look at a reply without a signature. Raises Malformed unless it may be one.

    A worker can only say so that something was replaced, which its signature then might have been, too.
    """
    failure = reply.get("error")
    said = failure.get("types") if type(failure) is dict else None
    _require(type(said) is list and said[:1] == [REPLACED] and not body, "an answer that is not signed")


def error_in(reply: dict[str, Any], number: int) -> SubmissionError | None:
    """The exception that a reply reports; None when it brings a value. Raises Malformed for any other reply."""
    _require(reply.get("id") == number and type(reply["id"]) is int, "an answer to another request")
    if set(reply) == {"id", "value"}:
        return None
    _require(set(reply) == {"id", "error"}, "an answer with other fields than it should have")
    failure = reply["error"]
    _require(type(failure) is dict and set(failure) == {"types", "message", "where"}, "an incomplete error")
    types = failure["types"]
    _require(type(types) is list and 0 < len(types) <= 20, "an error without a type")
    _require(all(type(text) is str for text in (*types, failure["message"], failure["where"])), "an error without text")
    message, where = shown(failure["message"], LONGEST_MESSAGE), shown(failure["where"], LONGEST_PLACE)
    names = [shown(name, LONGEST_PLACE) for name in types]
    out_of_memory = "MemoryError" in names or "OutOfMemoryError" in names or NO_MEMORY.search(message)
    if names[0] == REPLACED:  # the worker's seal says so
        return Replaced(names, message)
    if names[0] == "Unsendable" and not out_of_memory:
        return BadReply(names, f"what your code returned cannot be checked: {message.removeprefix('the result: ')}")
    if names[0] == "NotThere":
        return Missing(names, message)
    return (OutOfMemory if out_of_memory else SubmissionError)(names, message, where)


def death(status: int, output: str, *, memory_ran_out: bool) -> SubmissionError:
    """The error for a worker that ended by itself; a negative status is the signal that ended it."""
    if status == -signal.SIGXCPU:
        return CallTimedOut(["TimeoutError"], "the submission used more processor time than it may")
    if memory_ran_out or (status == -signal.SIGABRT and NO_MEMORY.search(output)):
        ran_out = KilledForMemory if status == -signal.SIGKILL else OutOfMemory
        return ran_out(["MemoryError"], "the submission needed more memory than there is")
    if status >= 0:
        how = f"ended with exit status {status}"
    else:
        how = SIGNALS.get(-status, f"was stopped by signal {-status}")  # type: ignore[call-overload]
    died = Killed if status == -signal.SIGKILL else WorkerDied
    return died(["WorkerDied"], f"the process that runs the submission {how} in the middle of a call")


def kills_for_memory() -> int:
    """How often the system killed a process of our group or container as memory ran out; 0 where it does not tell."""
    for file in _memory_counts():
        try:
            lines = file.read_text().splitlines()
            return next(int(count) for field, count in map(str.split, lines) if field == "oom_kill")
        except (OSError, ValueError, StopIteration):
            continue
    return 0


def _memory_counts() -> list[Path]:
    """Where the count may stand: in our own control group if it can be seen, else in that of the whole container."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    files = []
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers == "":
            files.append(Path("/sys/fs/cgroup", group.lstrip("/"), "memory.events"))
        elif "memory" in controllers.split(","):
            files.append(Path("/sys/fs/cgroup/memory", group.lstrip("/"), "memory.oom_control"))
    return [*files, Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control")]


def shown(text: str, longest: int) -> str:
    """Text of a student's, cut and without characters that a terminal obeys."""
    plain = text[:longest].encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in plain)


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Malformed(otherwise)
