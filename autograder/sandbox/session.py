"""The grader's conversation with the workers of one submission: one worker at a time, each replaceable."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.sandbox import privileges, references, replies
from autograder.sandbox.codec import DEEPEST, Decoder, Encoder, Node
from autograder.sandbox.limits import Limits
from autograder.sandbox.scratch import DiskFull, Scratch, ScratchFull, remove, remove_all_of
from autograder.sandbox.wire import REPLIES, REQUESTS, Channel, Closed, Late, Malformed, Output, TooLarge
from autograder.sandbox.worker import Spec
from autograder.sandbox.zygote import Disturbed, SandboxError, Zygote
from support.checking import BadReply, CallTimedOut, SubmissionError, WorkerDied

START_SECONDS = 30.0  # for a fork that takes milliseconds: beyond it the machine is at fault, not the submission
GRACE_SECONDS = 1.0  # for a worker that closed its connection to be gone, so that its status is its own
CONFIRM_SECONDS = 10.0  # at least, for an answer that takes a millisecond
BLAMELESS_KB = 64 << 10  # a worker that has taken less memory than this has not used up the smallest container's
Preparation = Sequence[tuple[str, tuple[object, ...]]]  # probes by name, and their arguments
RELEASED_AT_ONCE = 10_000  # objects; one answer may name tens of thousands, and a request has to stay small


@dataclass
class Worker:
    """One running worker, the key that it signs answers with, and how many requests it got."""

    pid: int
    channel: Channel
    output: Output
    scratch: Scratch
    kills_before: int
    key: bytes = b""
    requests: int = 0


class WorkerSession:
    """Starts a worker at the first call, and a new one after `fresh()` or when one was lost.

    `output` is what the last worker printed (its first bytes). `unimportable` has the modules that are not to be
    tried again. `seed` goes to the random generators of the next worker. What goes wrong in `trusted` code is a
    SandboxError, not a SubmissionError.
    """

    def __init__(
        self,
        zygote: Zygote,
        code: Path,
        *,
        limits: Limits | None = None,
        seed: int = 0,
        threads: int = 1,
        trusted: bool = False,
    ) -> None:
        self._zygote = zygote
        self.limits = limits or Limits()
        if trusted:
            self.limits = replace(self.limits, free=0)  # whoever fills the disk, it is not the reference
        self.seed, self.threads, self._trusted = seed, threads, trusted
        self._uid = privileges.unused_id() if not trusted and privileges.can_change_user() else None
        self._folder = Path(tempfile.mkdtemp(prefix="submission-"))
        self._code = self._publish(code.resolve())
        self._left = self.limits.seconds
        self._preparation: Preparation = ()
        self._worker: Worker | None = None
        self._released: list[int] = []
        self.generation = 0
        self.missing: list[str] = []
        self.unimportable: dict[str, SubmissionError] = {}
        self.output = ""
        self._peak_kb = 0

    def _publish(self, code: Path) -> Path:
        """Where the worker reads `charlm`: a copy that its user can read and not change, if it has one of its own."""
        if self._uid is None:
            return code
        self._folder.chmod(0o711)
        target = self._folder / "code"
        shutil.copytree(code / "charlm", target / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return target

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give the calls inside this block `seconds` together, instead of what the check has left."""
        before, self._left = self._left, seconds
        try:
            yield
        finally:
            self._left = before

    def fresh(self, seed: int | None = None, preparation: Preparation = ()) -> None:
        """End the worker, so that the next check starts with a new one, the full time, and this seed.

        From now on every worker first calls the probes of `preparation`, before it imports anything of the submission.
        """
        self._end(0.0)
        self._left = self.limits.seconds
        self.seed = self.seed if seed is None else seed
        self._preparation = preparation

    def protections_missing(self) -> list[str]:
        """The protections that this system lacks. Starts a worker, which loads nothing of the submission yet."""
        if self._worker is None:
            self._start()
        return self.missing

    def close(self) -> None:
        """End the worker and delete its folder."""
        try:
            self._end(0.0)
        finally:
            remove(self._folder)
            if self._uid is not None:
                remove_all_of(self._uid)  # with Landlock there is nothing

    def try_import(self, module: str, seconds: float) -> SubmissionError | None:
        """Import one module of `charlm` in a fresh worker; what went wrong, if anything did.

        A module that takes longer is not tried again: whatever is asked of it from then on fails at once.
        """
        self.fresh()
        try:
            with self.within(seconds):
                self.get({"part": module}, "__name__")
        except CallTimedOut:
            late = CallTimedOut(["TimeoutError"], f"importing charlm/{module}.py took longer than {seconds:g} seconds")
            self.unimportable[module] = late
            return late
        except SubmissionError as error:
            return error
        return None

    def take_peak_mb(self) -> float:
        """The most memory that any worker took that has ended since this was asked before."""
        peak, self._peak_kb = self._peak_kb, 0
        return peak / 1024

    def release(self, generation: int, number: int) -> None:
        """Let the worker forget an object, with the next request."""
        if generation == self.generation:
            self._released.append(number)

    def call(self, target: Node, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        """Call what `target` names. Raises SubmissionError for whatever goes wrong in the submission."""
        encoder = Encoder(lambda value: references.encode(value, self))
        header = {"op": "call", "target": target, "args": encoder.encode(args), "kwargs": encoder.encode(kwargs)}
        return self._request(header, encoder.body())

    def get(self, target: Node, name: str) -> Any:
        """An attribute of what `target` names. Raises SubmissionError, also when there is none."""
        return self._request({"op": "get", "target": target, "name": name}, b"")

    def confirm(self) -> None:
        """Raises SubmissionError when the worker, if there is one, is gone or answers what it was not asked."""
        if self._worker is not None:
            with self.within(max(self._left, CONFIRM_SECONDS)):
                self.get({"part": "probes"}, "__name__")

    def _request(self, header: dict[str, Any], body: bytes) -> Any:
        worker = self._worker or self._start()
        worker.requests += 1
        began = time.monotonic()
        try:
            reply, blob, is_signed = self._exchange(worker, header, body, began + self._left)
            worker.scratch.check()
            if not is_signed:
                replies.require_signature(reply, blob)
            failure = replies.error_in(reply, worker.requests)
            if failure is None:
                decoder = Decoder(blob, self._resolve, deepest=DEEPEST // 2)  # so that it can be sent back
                value = decoder.decode(reply["value"])
                decoder.finish()
                return value
        except Late:
            failure = CallTimedOut(["TimeoutError"], f"no answer within {self._left:.3g} seconds")
            self._end(0.0)
        except Malformed as error:
            failure = BadReply(["BadReply"], f"the submission's process sent no valid answer: {error}")
            self._end(0.0)
        except TooLarge as error:
            # A check's own values are far smaller, so this brings back what the submission answered before.
            failure = SubmissionError(["TooLarge"], f"its earlier answers cannot be sent back to it: {error}")
        except ScratchFull as error:
            failure = WorkerDied(["WorkerDied"], str(error))
            self._end(0.0)
        except DiskFull as error:
            self._end(0.0)
            if not worker.scratch.gave_back(GRACE_SECONDS):
                raise SandboxError(f"{error}, and it was not the submission that filled it") from error
            filled = "the submission filled the disk with files that it had deleted and still held open"
            failure = replies.FilledDisk(["WorkerDied"], filled)
        except Closed:
            failure = self._bury(worker)
        except BaseException:
            self._end(0.0)  # interrupted between a question and its answer: the next one must not get this answer
            raise
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - began))
        try:
            raise _of_trusted_code(failure) if self._trusted else failure
        finally:
            del failure  # it holds this frame, and this frame the answer: together they would stay for long

    def _exchange(
        self, worker: Worker, header: dict[str, Any], body: bytes, deadline: float
    ) -> tuple[dict[str, Any], bytes, bool]:
        worker.channel.expect_silence()
        released, self._released = self._released[:RELEASED_AT_ONCE], self._released[RELEASED_AT_ONCE:]
        worker.channel.send({**header, "id": worker.requests, "release": released}, body, deadline)
        return worker.channel.receive_signed(worker.key, deadline)

    def _resolve(self, kind: str, content: Any) -> references.RemoteObject:
        """The handle for an object that the worker keeps. Raises Malformed."""
        if kind != "object" or type(content) is not list or [type(part) for part in content] != [int, str]:
            raise Malformed("a value of an unknown kind")
        return references.RemoteObject(self, content[0], replies.shown(content[1], 100))

    def _bury(self, worker: Worker) -> SubmissionError:
        """End a worker that closed its connection, and say how it went."""
        ended = self._end(GRACE_SECONDS)
        if not ended["by_itself"]:
            return WorkerDied(["WorkerDied"], "the submission closed the connection to the grader")
        killed = ended["status"] == -signal.SIGKILL and replies.kills_for_memory() > worker.kills_before
        if killed and ended["grown"] < BLAMELESS_KB:
            # The system prefers workers when it kills for memory, whoever took it.
            raise Disturbed("memory ran out, and it was not the submission that used it up")
        return replies.death(ended["status"], self.output, memory_ran_out=killed)

    def _start(self) -> Worker:
        scratch = Scratch(self._folder, self._uid, self.limits)
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        spec = Spec(str(self._code), str(scratch.path), self._uid, self.seed, self.threads, self.limits)
        try:
            pid = self._zygote.spawn(spec, theirs.fileno(), writing)
        except BaseException:
            ours.close()
            os.close(reading)
            scratch.delete()
            raise
        finally:
            theirs.close()
            os.close(writing)
        output = Output(reading, self.limits.output)
        channel = Channel(ours, sends=REQUESTS, receives=REPLIES, output=output, watch=scratch.check)
        self._worker = Worker(pid, channel, output, scratch, replies.kills_for_memory())
        try:
            hello, _ = channel.receive(time.monotonic() + START_SECONDS)
        except (Closed, Late, Malformed) as error:
            self._end(0.0)
            raise Disturbed(f"a worker did not start: {error}; it printed: {self.output[-500:]}") from error
        if "failed" in hello:
            self._end(0.0)
            raise SandboxError(f"a worker could not be confined: {hello['failed']}")
        self.missing, self._worker.key = hello["ready"], bytes.fromhex(hello["key"])
        self._prepare()
        return self._worker

    def _prepare(self) -> None:
        try:
            with self.within(START_SECONDS):
                for name, args in self._preparation:
                    self.call({"part": f"probes.{name}"}, args, {})
        except SubmissionError as error:
            self._end(0.0)
            raise SandboxError(f"a worker could not be prepared: {error}") from error

    def _end(self, grace: float) -> dict[str, Any]:
        worker, self._worker = self._worker, None
        if worker is None:
            return {}
        self.generation += 1  # the handles of this worker's objects are void from here on
        self._released = []
        try:
            ended = self._zygote.end(worker.pid, self._uid, grace)
        finally:
            worker.channel.close()
            worker.output.drain()
            worker.output.close()
            self.output = worker.output.kept.decode("utf-8", "replace")
            worker.scratch.delete()
        self._peak_kb = max(self._peak_kb, ended["peak"])
        if ended["status"] is None or ended["left"]:
            raise SandboxError("processes of the submission could not be ended")
        return ended


def _of_trusted_code(failure: SubmissionError) -> SandboxError:
    kind = Disturbed if isinstance(failure, replies.Unexplained) else SandboxError
    return kind(f"trusted code failed: {failure}")
