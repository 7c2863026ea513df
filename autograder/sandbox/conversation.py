"""What a worker does with each request, from the socket to the server that runs it and back, signed."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import builtins
import contextlib
import gc
import operator
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any

from autograder.sandbox.codec import Unsendable
from autograder.sandbox.failures import describe, replaced
from autograder.sandbox.wire import Channel, Closed, TooLarge
from support import probes
from support.stub_models import sealed
from support.turns import Outcome, Turn, run

if TYPE_CHECKING:
    from autograder.sandbox.seal import Broken
    from autograder.sandbox.worker import Server

# As in seal.py: what runs here before the seal was looked at, nobody else's change reaches.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]
# The other module makes an object for each, by way of code that can be changed.
_SIGNALS = tuple(_signal.valid_signals())
BESIDE = {"probes": probes}  # what requests may name besides the modules of `charlm`
ALONE_SECONDS = 0.02  # for what takes a few milliseconds; a thread that computes delays us by as much each time
WATCHED = "what Python's functions do, by a trace or a profile that it never ends"


def is_probe(request: dict[str, Any]) -> bool:
    """Whether a request names a function that runs beside the submission, not one of its own."""
    part: str = request["target"].get("part", "")
    return part.partition(".")[0] in BESIDE


def conversation(channel: Channel, server: Server, missing: list[str], seal: list[Any]) -> Iterator[None]:
    """Each step runs one thing in which student code has part. What is asked and answered around that is `_dialogue`.

    The two are put together by iterators of C. So while student code runs, the dialogue is in no frame under it,
    nor are the seal, the key, and what the server and a probe are about to say: code that walks up the frames gets at
    none of them. Before the dialogue goes on, what could look into its frames ends: handlers of signals, traces,
    profiles, and functions that the garbage collector calls.
    """
    talk = _dialogue(channel, server, missing, seal.pop())
    said = deque[Any]([None])
    hush, speak = _handlers()
    turns = starmap(speak, map(talk.send, iter(said.popleft, object())))
    return map(said.append, starmap(hush, _unwatched(starmap(run, turns))))


def out_of_sight(function: Callable[..., Any]) -> tuple[Callable[[Any], None], Callable[[], Outcome]]:
    """Two functions for student code, which do not tell what they call: one takes an argument, one calls `function`."""
    waiting = deque[Any]()
    hush, speak = _handlers()
    ended = map(sys.settrace, repeat(sys.gettrace())), map(sys.setprofile, repeat(sys.getprofile()))
    asked = map(operator.itemgetter(0), zip(iter(waiting.popleft, object()), *ended, strict=False))
    called = starmap(run, zip(repeat(function), map(hush, asked), repeat({}), strict=False))
    told = map(operator.itemgetter(0), map(speak, map(_bare, called)))
    return sealed(waiting.append), sealed(told.__next__)


def _bare(outcome: Outcome) -> Outcome:
    """An outcome whose exception shows no frames."""
    returned, value = outcome
    if not returned:
        value.__traceback__ = None
    return outcome


def _dialogue(channel: Channel, server: Server, missing: list[str], broken: Broken) -> Generator[Turn, Any, None]:
    """Takes one request after the other, lets the server answer it, and sends the answer, signed.

    Once something is replaced that answers rely on, it has no more to say than that: it reads and writes where student
    code that may be part of this finds nothing.
    """
    key, is_ = os.urandom(32), operator.is_
    watching = sys.gettrace(), sys.getprofile()  # by who measures us
    watched = [False]
    gone: list[Any] = []  # what may run student code when it dies, which it does in the first turn of another request

    def replaced_now(midway: bool = False) -> str | None:
        try:
            return broken(midway)
        except MemoryError:
            server.make_room()
            return broken(midway)

    def aside(turns: Generator[Turn, Outcome, Any], midway: bool) -> Generator[Turn, Any, tuple[Any, str | None]]:
        """The same turns, noting who watches them. Returns what comes of them, or what one of them left replaced."""
        left, outcome = gone.copy(), None
        gone.clear()
        while True:
            try:
                turn = turns.send(outcome)  # type: ignore[arg-type]
            except StopIteration as end:
                gone.extend(left)
                return end.value, None
            gone.append(turn)
            outcome, *watchers = yield _after, (left, *turn), {}
            gone.append((outcome, watchers))
            watched[0] |= not all(map(is_, watchers, watching))  # a comparison would be the submission's
            name = replaced_now(midway)
            if name is not None:
                gone.append(turns)
                return None, name

    channel.send({"ready": missing, "key": key.hex()})
    while True:
        try:
            request, body = channel.receive()
        except Closed:
            return
        watched[0] = False
        name = replaced_now()  # other threads had a turn meanwhile
        if name is not None:
            break
        gone += server.let_go(request)
        answer, name = yield from aside(server.answer(request, body), midway=is_probe(request))
        name = name or replaced_now()
        if name is not None:
            break
        reply, blob = answer
        if watched[0]:
            reply, blob = {"id": request["id"], "error": replaced(WATCHED)}, b""
        try:
            channel.send(reply, blob, key=key)
        except (TooLarge, MemoryError) as error:
            server.make_room()
            reason = Unsendable(f"the result: {error}") if isinstance(error, TooLarge) else error
            channel.send({"id": request["id"], "error": describe(reason, "")}, key=key)
    yield _refuse_all, (channel, request["id"], name), {}


def _after(left: list[object], function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    """Call `function` once what is left has gone, with what that runs."""
    left.clear()
    return function(*args, **kwargs)


def _refuse_all(channel: Channel, number: int, name: str) -> None:
    with contextlib.suppress(Closed):
        while True:
            channel.send({"id": number, "error": replaced(name)})
            request, _ = channel.receive()
            number = request["id"]


def _unwatched(steps: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    """What each step gives, with the trace and the profile that it left behind, which end before anything else runs."""
    left = iter(sys.gettrace, object()), iter(sys.getprofile, object())
    ended = map(sys.settrace, repeat(sys.gettrace())), map(sys.setprofile, repeat(sys.getprofile()))
    return map(operator.itemgetter(slice(3)), zip(steps, *left, *ended, strict=False))


def _handlers() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions that hand on what they are given: one ends what may run at any time, one lets it go on.

    A handler may put another one in a place that was looked at, so the former looks until there is none. Other threads
    get no turn while this one computes.
    """
    numbers, look, handle, ignore = _SIGNALS, _signal.getsignal, _signal.signal, _signal.SIG_IGN
    kept = dict[int, Any]()
    collect, collect_no_more, collects = gc.enable, gc.disable, gc.isenabled
    alternate, alternating = sys.setswitchinterval, sys.getswitchinterval
    before: list[Any] = [True, alternating()]

    def hush(*passed: Any) -> Any:
        before[:] = collects(), alternating()
        collect_no_more()
        alternate(ALONE_SECONDS)
        while found := [number for number in numbers if callable(look(number))]:
            for number in found:
                kept[number] = handle(number, ignore)
        return passed

    def speak(*passed: Any) -> Any:
        while kept:
            handle(*kept.popitem())
        if before[0]:
            collect()
        alternate(before[1])
        return passed

    return hush, speak
