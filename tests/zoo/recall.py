"""The reference's answers, remembered: over every submission, a check that draws the same inputs asks it the same."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from torch import Tensor

from autograder.sandbox.codec import Node
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.references import RemoteObject
from autograder.sandbox.session import WorkerSession
from autograder.sandbox.wire import text_of


@dataclass
class Answer:
    """What came back, and the answers to what was asked next, by the bytes of the requests."""

    value: Any = None
    following: dict[bytes, Answer] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """Stands in an answer for an object of the worker's. Its number names it for good, whichever worker holds it."""

    number: int
    type_name: str


class RecallingSession(WorkerSession):
    """Answers from memory what was asked before after the very same requests, each to the last byte, since `begin`.

    What was not is asked of the worker, to which all that came before is asked anew, from the same random state.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory: dict[object, Answer] = defaultdict(Answer)
        self._numbers = itertools.count(-1, -1)  # a worker's own are positive
        self._asks = False
        self.begin(0)

    def begin(self, seed: int, about: object = None) -> None:
        """Start from nothing but this seed. What is asked now is only remembered for the same `about`, unless None."""
        self._about = seed, about
        self._start_again()

    def _start_again(self) -> None:
        self._place = Answer() if self._about[1] is None else self._memory[self._about]
        self._asked: list[tuple[dict[str, Any], bytes, Answer]] = []
        self._held: dict[int, RemoteObject] | None = None  # by the number of the thing; None: the worker was not asked

    def release(self, generation: int, number: int) -> None:
        """Things stay until the next `begin`, for whoever is asked all this anew."""
        if number > 0:
            super().release(generation, number)

    def _request(self, header: dict[str, Any], body: bytes) -> Any:
        if self._asks:  # a worker is being prepared
            return super()._request(header, body)
        asked = blake2b(text_of(header) + b"\0" + body, digest_size=32).digest()
        answer = self._place.following.get(asked)
        if answer is None:
            try:
                answer = self._new_answer(header, body)
            except BaseException:
                self._start_again()
                raise
            self._place.following[asked] = answer
        self._asked.append((header, body, answer))
        self._place = answer
        return self._given(answer.value)

    def _new_answer(self, header: dict[str, Any], body: bytes) -> Answer:
        if self._held is None:
            self._held = {}
            seed: Node = {"tuple": [self._about[0]]}
            self._ask({"op": "call", "target": {"part": "probes.seed_torch"}, "args": seed}, b"")
            for asked, tensors, answer in self._asked:
                self._hold(answer.value, self._ask(asked, tensors))
        value = self._ask(header, body)
        answer = Answer(self._kept(value))
        self._hold(answer.value, value)
        return answer

    def _ask(self, header: dict[str, Any], body: bytes) -> Any:
        self._asks = True
        try:
            return super()._request(self._translated(header), body)
        finally:
            self._asks = False

    def _translated(self, node: Node) -> Node:
        """A request, or a part of one, with the worker's numbers in it."""
        if isinstance(node, list):
            return [self._translated(part) for part in node]
        if not isinstance(node, dict):
            return node
        if "object" in node:
            return self._held[node["object"]]._node()
        return {key: self._translated(part) for key, part in node.items()}

    def _kept(self, value: Any) -> Any:
        """A value as it is remembered."""
        return _mapped(value, RemoteObject, lambda found: Thing(next(self._numbers), found._type))

    def _given(self, value: Any) -> Any:
        """A remembered value as a check gets it: its own copy."""
        return _mapped(value, Thing, lambda found: RemoteObject(self, found.number, found.type_name))

    def _hold(self, value: Any, found: Any) -> None:
        """Note which objects of the worker's the things in `value` are."""
        if isinstance(value, Thing):
            self._held[value.number] = found
        elif isinstance(value, (list, tuple)):
            for part, found_part in zip(value, found, strict=True):
                self._hold(part, found_part)
        elif isinstance(value, dict):
            self._hold(list(value.values()), list(found.values()))


def _mapped(value: Any, kind: type, change: Any) -> Any:
    """The same value, with tensors of its own and with what is of this kind changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(part, kind, change) for part in value)
    if isinstance(value, dict):
        return {key: _mapped(part, kind, change) for key, part in value.items()}
    return value


class RecallingReference(RemoteSubmission):
    """The reference behind such a session."""

    sessions = RecallingSession
    session: RecallingSession
