"""The process that runs a submission: confines itself, then answers one request after the other.

It is forked from the zygote and knows nothing but the submission. Requests name a function of `charlm` by its
path, or an object of an earlier answer by its number. An answer is signed, and only while the seal is whole.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import contextlib
import fcntl
import gc
import importlib
import operator
import os
import random
import signal
import socket
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any

import numpy
import torch

from autograder.sandbox import guard
from autograder.sandbox.codec import Decoder, Encoder, Node, Unsendable, is_plain
from autograder.sandbox.failures import describe, replaced
from autograder.sandbox.limits import Limits
from autograder.sandbox.privileges import UNREADABLE, close_descriptors, confine
from autograder.sandbox.wire import REPLIES, REQUESTS, Channel, Closed, TooLarge, signature
from support import probes
from support.interface import named

if TYPE_CHECKING:
    from autograder.sandbox.seal import Broken

MODULES = ("tokenizer", "data", "attention", "model", "training")
BESIDE = {"probes": probes}
CHANNEL = 3  # the descriptor of the socket to the grader
WATCHED = "what Python's functions do, by a trace or a profile that it never ends"
SPARE = 4 << 20  # bytes of address space, for saying that there is no more


@dataclass(frozen=True)
class Spec:
    """What the grader asks a new worker to be. `code` holds `charlm/`, `scratch` is its working folder."""

    code: str
    scratch: str
    uid: int | None
    seed: int
    threads: int
    limits: Limits


def main(spec: Spec, sock: int, output: int, keep_environment: dict[str, str], seal: list[Any]) -> None:
    """Run in a freshly forked child; returns when the grader has closed the connection. The seal is taken out."""
    parent = os.getppid()
    os.setsid()
    _take_descriptors(sock, output)
    channel = Channel(socket.socket(fileno=CHANNEL), sends=REPLIES, receives=REQUESTS)
    try:
        _set_up_interpreter(spec, keep_environment)
        missing = confine(spec.uid, spec.limits, parent, spec.code, spec.scratch)
        missing += _check_access(spec)
        torch.set_num_threads(spec.threads)
        _seed(spec.seed)
        guard.install(seal.pop())
    except Exception as error:
        channel.send({"failed": f"{type(error).__name__}: {error}"})
        return
    deque(conversation(channel, Server(spec.code), missing, seal), maxlen=0)


def conversation(channel: Channel, server: Server, missing: list[str], seal: list[Any]) -> Iterator[None]:
    """Each step takes one request, lets the server answer it, and sends the answer, signed, if the seal is whole.

    The stages are put together by iterators of C, so that no frame under the student's code has the seal or the key
    in it: neither code that walks up the frames nor an answer past these stages gets at them. Handlers of signals,
    traces and profiles, which are shown the frames of others, are taken away before these begin.
    """
    key = os.urandom(32)
    broken: Broken = seal.pop()
    receive, make_room, send = channel.receive, server.make_room, channel.send

    watching = sys.gettrace(), sys.getprofile()  # by who measures us

    def none_left(watchers: tuple[object, ...]) -> bool:
        return all(map(operator.is_, watchers, watching))  # a comparison would be the submission's

    def received() -> Iterator[tuple[dict[str, Any], bytes]]:
        with contextlib.suppress(Closed):
            while True:
                yield receive()

    def checked(request: tuple[dict[str, Any], bytes], *watchers: object) -> tuple[dict[str, Any], bytes, str | None]:
        if not none_left(watchers):
            return *request, WATCHED
        # What the submission's own functions use is its own affair, until it answers.
        is_probe = request[0]["target"].get("part", "").partition(".")[0] in BESIDE
        return *request, broken() if is_probe else None

    def pass_on(answered: tuple[dict[str, Any], bytes], *watchers: object) -> None:
        reply, blob = answered
        if not none_left(watchers):
            reply, blob = {"id": reply["id"], "error": replaced(WATCHED)}, b""
        try:
            sign_and_send(reply, blob)
        except (TooLarge, MemoryError) as error:
            make_room()
            reason = Unsendable(f"the result: {error}") if isinstance(error, TooLarge) else error
            sign_and_send({"id": reply["id"], "error": describe(reason, "")}, b"")

    def sign_and_send(reply: dict[str, Any], blob: bytes) -> None:
        name = broken()
        if name is None:
            send({**reply, "signature": signature(key, reply, blob)}, blob)
        else:
            send({"id": reply["id"], "error": replaced(name)})

    send({"ready": missing, "key": key.hex()})
    hush, speak = _handlers()
    asked = starmap(hush, _unwatched(starmap(server.let_go, starmap(speak, received()))))
    answers = starmap(hush, _unwatched(starmap(server.answer, starmap(speak, starmap(checked, asked)))))
    return starmap(pass_on, answers)


def _unwatched(steps: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    """What each step gives, with the trace and the profile that it left behind, which end before anything else runs."""
    left = iter(sys.gettrace, object()), iter(sys.getprofile, object())
    ended = map(sys.settrace, repeat(sys.gettrace())), map(sys.setprofile, repeat(sys.getprofile()))
    return zip(steps, *left, *ended, strict=False)


def _handlers() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions that hand on what they are given: one takes handlers of signals away, one puts them back."""
    numbers, look, handle = tuple(signal.valid_signals()), _signal.getsignal, _signal.signal
    ignore, kept = _signal.SIG_IGN, dict[int, Any]()

    def hush(*passed: Any) -> Any:
        for number in numbers:
            handler = look(number)
            if callable(handler):
                kept[number] = handle(number, ignore)
        return passed

    def speak(*passed: Any) -> Any:
        while kept:
            handle(*kept.popitem())
        return passed

    return hush, speak


def _take_descriptors(sock: int, output: int) -> None:
    """Move the socket to 3 and the output pipe to 1 and 2, and close everything else."""
    sock = fcntl.fcntl(sock, fcntl.F_DUPFD, 64)
    output = fcntl.fcntl(output, fcntl.F_DUPFD, 64)
    nothing = fcntl.fcntl(os.open(os.devnull, os.O_RDONLY), fcntl.F_DUPFD, 64)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(sock, CHANNEL, inheritable=False)
    close_descriptors(keep={0, 1, 2, CHANNEL})
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _set_up_interpreter(spec: Spec, keep_environment: dict[str, str]) -> None:
    os.chdir(spec.scratch)
    threads = str(spec.threads)
    os.environ.update(keep_environment)
    os.environ.update({"USER": "student", "LOGNAME": "student", "HOME": spec.scratch, "TMPDIR": spec.scratch})
    os.environ.update({"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "Agg"})
    os.environ.update({"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads})
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    warnings.resetwarnings()  # the grader's filters may raise what is a student's free choice
    sys.argv[:] = [""]
    sys.path.insert(0, spec.code)
    importlib.invalidate_caches()
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    gc.enable()


def _check_access(spec: Spec) -> list[str]:
    """Raises PermissionError when this process cannot work where it is; returns what it cannot reach beyond that."""
    if not os.access(spec.code, os.R_OK | os.X_OK) or not os.access(spec.scratch, os.W_OK | os.X_OK):
        raise PermissionError(f"{spec.scratch} lies in a folder that the worker's user cannot enter")
    return [] if os.access(torch.__file__, os.R_OK) else [UNREADABLE]


def _seed(seed: int) -> None:
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # in a tenth of the time of torch.manual_seed


class Server:
    """Answers requests, one at a time, and holds the objects that were answered by number."""

    def __init__(self, code: str) -> None:
        self._folder = os.path.join(code, "charlm")
        self._objects: dict[int, object] = {}
        self._count = 0
        self._spare = b""

    def let_go(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Forget the objects that the grader has no more use for. Returns the request."""
        for number in header["release"]:
            self._objects.pop(number, None)
        return header, body

    def answer(self, header: dict[str, Any], body: bytes, broken: str | None = None) -> tuple[dict[str, Any], bytes]:
        """The reply to one request, with the bytes of its tensors; what student code raises is part of the reply.

        With a seal that is `broken` nothing is run, and the reply says so.
        """
        if broken is not None:
            return {"id": header["id"], "error": replaced(broken)}, b""
        encoder = Encoder(self._keep)
        try:
            self._spare = self._spare or bytes(SPARE)
            result = encoder.encode(self._as_sent(self._run(header, body)))
            return {"id": header["id"], "value": result}, encoder.body()
        except BaseException as error:  # SystemExit and KeyboardInterrupt are mistakes of the student's, too
            return {"id": header["id"], "error": self._describe(error)}, b""

    def make_room(self) -> None:
        """Give back the memory that is kept for saying that there is no more."""
        self._spare = b""

    def _run(self, header: dict[str, Any], body: bytes) -> object:
        decoder = Decoder(body, self._resolve)
        target = decoder.decode(header["target"])
        if header["op"] == "get":
            return named(target, header["name"])
        return target(*decoder.decode(header["args"]), **decoder.decode(header["kwargs"]))

    def _resolve(self, kind: str, content: Any) -> object:
        if kind == "object":
            return self._objects[content]
        module, *names = content.split(".")
        found: object = BESIDE.get(module)
        if found is None:
            found = importlib.import_module(f"charlm.{module}")
        for name in names:
            found = named(found, name)
        return found

    def _as_sent(self, value: object) -> object:
        return value if is_plain(value) else Kept(value)

    def _keep(self, value: object) -> Node:
        """Hold on to an object and send its number, with its type for the reader of a message."""
        kept = value.value if isinstance(value, Kept) else value
        self._count += 1
        self._objects[self._count] = kept
        return {"object": [self._count, f"{type(kept).__module__}.{type(kept).__qualname__}"[:100]]}

    def _describe(self, error: BaseException) -> dict[str, Any]:
        self.make_room()
        try:
            return describe(error, self._folder)
        except BaseException as second:
            return {"types": [type(second).__name__], "message": "", "where": ""}


@dataclass(frozen=True)
class Kept:
    """Marks a value that is sent as an object's number, though it may be a list or dict of such values."""

    value: object
