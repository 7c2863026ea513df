"""What a worker does with each request, from the socket to the server that runs it and back, signed.

Student code runs in two of the stages. What the others hold, the seal and the key, is out of its reach.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import contextlib
import operator
import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any

from autograder.sandbox.codec import Unsendable
from autograder.sandbox.failures import describe, replaced
from autograder.sandbox.wire import Channel, Closed, TooLarge, signature
from support import probes

if TYPE_CHECKING:
    from autograder.sandbox.seal import Broken
    from autograder.sandbox.worker import Server

BESIDE = {"probes": probes}  # what requests may name besides the modules of `charlm`
WATCHED = "what Python's functions do, by a trace or a profile that it never ends"


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
