"""A submission in this very process whose answers are forged: what a hostile process could send, without a process.

Everything on the grader's side is real (session, references, codec, replies), and so is the server of the worker.
Between the two, one answer is exchanged for another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.codec import Detached, Node
from autograder.sandbox.conversation import BESIDE
from autograder.sandbox.limits import Limits
from autograder.sandbox.references import RemoteModule
from autograder.sandbox.session import Worker, WorkerSession
from autograder.sandbox.worker import MODULES, Kept, Server, outgoing
from support.turns import Turns, finish

Forge = Callable[[str, int, Any], Any]
"""Gets what was asked, how often that was asked before, and the honest answer; returns the answer to send."""


def honest(asked: str, before: int, answer: Any) -> Any:
    """Forges nothing."""
    return answer


@dataclass(frozen=True)
class Raw:
    """An answer's node as it stands in the frame, which need not be one that an encoder makes."""

    node: Node


class ForgingServer(Server):
    """The worker's server, with `forge` between the submission's results and the answers.

    `busy` says whether it is at work: time that passes then is the submission's.
    """

    busy = False

    def __init__(self, code: str, forge: Forge) -> None:
        super().__init__(code)
        self._forge = forge
        self._asked: dict[str, int] = {}

    def _answered(self, header: dict[str, Any], body: bytes) -> Turns:
        asked = self._name(header)
        before = self._asked.get(asked, 0)
        self._asked[asked] = before + 1
        answer = _unmarked((yield from super()._answered(header, body)))
        return outgoing(self._forge(asked, before, answer))

    def _keep(self, value: object) -> Node:
        kept = getattr(value, "value", value)
        return kept.node if isinstance(kept, Raw) else super()._keep(value)

    def _name(self, header: dict[str, Any]) -> str:
        ((kind, content),) = header["target"].items()
        if kind == "object":
            found = self._objects.get(content)
            content = getattr(found, "__qualname__", type(found).__name__)
        return f"{content}.{header['name']}" if header["op"] == "get" else f"{content}()"


def _unmarked(value: Any) -> Any:
    """What the server is about to send, without its marks."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_unmarked, value))
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items()}
    return value.value if isinstance(value, (Kept, Detached)) else value


class _Line:
    """Stands for the channel to a worker; requests and answers cross as text and bytes, as over a socket."""

    def __init__(self, server: ForgingServer) -> None:
        self._server = server
        self._reply = ("", b"")

    def expect_silence(self) -> None:
        pass

    def send(self, header: dict[str, Any], body: bytes, deadline: float) -> None:
        request = wire.parse(json.dumps(header, allow_nan=False).encode())
        ForgingServer.busy = True
        self._server.let_go(request)
        reply, blob = finish(self._server.answer(request, body))
        ForgingServer.busy = False
        self._reply = (json.dumps(reply, allow_nan=False), blob)

    def receive_signed(self, key: bytes, deadline: float) -> tuple[dict[str, Any], bytes, bool]:
        text, blob = self._reply
        return wire.parse(text.encode()), blob, True


@dataclass
class NoScratch:
    """Where nothing is written."""

    def check(self) -> None:
        pass


class ForgedSession(WorkerSession):
    """The grader's session with a server in this process in the place of a worker."""

    def __init__(self, code: Path, forge: Forge, trusted: bool) -> None:
        self._code, self._forge, self._trusted = code, forge, trusted
        self.limits, self._left = Limits(), Limits().seconds
        self._worker, self._released, self.unimportable = None, [], {}
        self.generation, self.seed = 0, 0

    def _start(self) -> Worker:
        line = _Line(ForgingServer(str(self._code), self._forge))
        self._worker = Worker(0, line, None, NoScratch(), 0)  # type: ignore[arg-type]
        return self._worker

    def _end(self, grace: float) -> dict[str, Any]:
        self._worker, self._released = None, []
        self.generation += 1
        return {}


@dataclass(eq=False)
class ForgedSubmission:
    """The submission in the folder `code`, whose `charlm` can be imported here, with its answers forged."""

    code: Path
    forge: Forge = honest
    trusted: bool = False
    kind: type[ForgedSession] = ForgedSession
    session: ForgedSession = field(init=False)

    def __post_init__(self) -> None:
        self.session = self.kind(self.code, self.forge, self.trusted)
        for name in (*MODULES, *BESIDE):
            setattr(self, name, RemoteModule(self.session, name))
