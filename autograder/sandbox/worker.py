"""The process that runs a submission: confines itself, then answers one request after the other.

It is forked from the zygote and knows nothing but the submission. Requests name a function of `charlm` by its
path, or an object of an earlier answer by its number.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import random
import socket
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy
import torch

from autograder.sandbox import guard
from autograder.sandbox.codec import Decoder, Encoder, Node, is_plain, plain
from autograder.sandbox.conversation import BESIDE, conversation, is_probe
from autograder.sandbox.failures import describe, name_of, type_name
from autograder.sandbox.limits import Limits
from autograder.sandbox.privileges import UNREADABLE, close_descriptors, confine
from autograder.sandbox.wire import REPLIES, REQUESTS, Channel
from support import probes
from support.interface import named
from support.turns import Outcome, Theirs, Turn, Turns, call, run

MODULES = ("tokenizer", "data", "attention", "model", "training")
CHANNEL = 3  # the descriptor of the socket to the grader
_traceback: Any = BaseException.__dict__["__traceback__"]
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
    channel = Channel(socket.socket(fileno=CHANNEL), sends=REPLIES, receives=REQUESTS, patient=True)
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


def _take_descriptors(sock: int, output: int) -> None:
    """Move the socket to 3 and the output pipe to 1 and 2, where Python's streams are, and close everything else."""
    sock = fcntl.fcntl(sock, fcntl.F_DUPFD, 64)
    output = fcntl.fcntl(output, fcntl.F_DUPFD, 64)
    nothing = fcntl.fcntl(os.open(os.devnull, os.O_RDONLY), fcntl.F_DUPFD, 64)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(sock, CHANNEL, inheritable=False)
    close_descriptors(keep={0, 1, 2, CHANNEL})


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
    """Answers requests, one at a time, and holds the objects that were answered by number.

    Its generator yields what student code has part in, to be run out of its sight.
    """

    def __init__(self, code: str) -> None:
        self._folder = os.path.join(code, "charlm")
        self._objects: dict[int, object] = {}
        self._count = 0
        self._spare = b""

    def let_go(self, header: dict[str, Any]) -> list[object]:
        """Forget the objects that the grader has no more use for; they end with this list."""
        return [self._objects.pop(number, None) for number in header["release"]]

    def answer(self, header: dict[str, Any], body: bytes) -> Generator[Turn, Outcome, tuple[dict[str, Any], bytes]]:
        """The reply to one request, with the bytes of its tensors; what student code raises is part of the reply."""
        encoder = Encoder(self._keep)
        try:
            self._spare = self._spare or bytes(SPARE)
            result = encoder.encode((yield from self._answered(header, body)))
            return {"id": header["id"], "value": result}, encoder.body()
        except BaseException as error:
            self.make_room()
            _leave_our_frames_out(error)
            described, failure = yield describe, (error, self._folder), {}
            if not described:
                failure = {"types": [name_of(type(failure))], "message": "", "where": ""}
            return {"id": header["id"], "error": failure}, b""

    def make_room(self) -> None:
        """Give back the memory that is kept for saying that there is no more."""
        self._spare = b""

    def _answered(self, header: dict[str, Any], body: bytes) -> Turns:
        path = header["target"].get("part", "")
        if header["op"] == "call" and path and not is_probe(header):
            _, args, kwargs = yield from self._decoded({**header, "target": None}, body)
            return (yield from call(_result_at, path, args, kwargs))
        target, args, kwargs = yield from self._decoded(header, body)
        if header["op"] == "get":
            return (yield from call(_attribute, target, header["name"]))
        steps = probes.STEPS.get(target) if is_probe(header) else None
        if steps is None:
            return (yield from call(_result, target, args, kwargs))
        report = yield from steps(*args, **kwargs)
        if type(report) is not dict:
            return outgoing(report)
        apart = dict[str, object]()
        for name, value in report.items():
            is_theirs = type(value) is Theirs
            apart[name] = (yield from call(outgoing, value.value)) if is_theirs else outgoing(value)
        return apart

    def _decoded(self, header: dict[str, Any], body: bytes) -> Turns:
        """What is asked for, and with which arguments. Functions of the submission are looked up on the way."""
        found = dict[str, object]()

        def resolve(kind: str, content: Any) -> object:
            if kind == "object":
                return self._objects[content]
            if content.partition(".")[0] in BESIDE:
                return _part(content)
            if content not in found:
                raise _Sought(content)
            return found[content]

        while True:
            decoder = Decoder(body, resolve)
            try:
                target = decoder.decode(header["target"])
                args = decoder.decode(header["args"]) if "args" in header else ()
                return target, args, decoder.decode(header["kwargs"]) if "kwargs" in header else {}
            except _Sought as sought:
                found[sought.path] = yield from call(_part, sought.path)

    def _keep(self, value: object) -> Node:
        """Hold on to an object and send its number, with its type for the reader of a message."""
        kept = value.value if type(value) is Kept else value
        self._count += 1
        self._objects[self._count] = kept
        return {"object": [self._count, type_name(kept)[:100]]}


class _Sought(Exception):
    """`path`, as "attention.Head", has to be looked up first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def _leave_our_frames_out(error: BaseException) -> None:
    """Of the frames that an exception shows; those are not for who made it, and are still needed."""
    place = _traceback.__get__(error)
    while place is not None and place.tb_frame.f_code is not run.__code__:
        place = place.tb_next
    _traceback.__set__(error, place)


def _part(path: str) -> object:
    module, *names = path.split(".")
    found: object = BESIDE.get(module)
    if found is None:
        found = importlib.import_module(f"charlm.{module}")
    for name in names:
        found = named(found, name)
    return found


def _attribute(owner: object, name: str) -> object:
    return outgoing(named(owner, name))


def _result(function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    return outgoing(function(*args, **kwargs))


def _result_at(path: str, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    return _result(_part(path), args, kwargs)  # type: ignore[arg-type]


def outgoing(value: object) -> object:
    return plain(value) if is_plain(value) else Kept(value)


@dataclass(frozen=True)
class Kept:
    """Marks a value that is sent as an object's number, though it may be a list or dict of such values."""

    value: object
