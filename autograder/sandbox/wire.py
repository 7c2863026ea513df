"""Frames over a socket between the grader and a worker: one JSON header and one run of raw bytes.

A frame is `magic, header length, body length, signature, header, body`. Lengths are capped before anything is read,
every wait has a deadline, and whatever does not parse is `Malformed`: nothing in a frame is ever executed.
"""

from __future__ import annotations

import io
import json
import math
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, TypeVar

PREFIX = struct.Struct(">4sIQ16s")
MAGIC = b"CLM2"
UNSIGNED = bytes(16)
_LENGTHS = struct.Struct(">IQ")
WATCH_SECONDS = 0.25  # how often a channel that waits looks at what it was told to watch
AT_ONCE = 1 << 20  # bytes that one call of the system may move
LITTLE = 1 << 14  # bytes that are copied sooner than that the system is called once more for them
READS_AT_ONCE = 16  # a worker may print faster than it is read, and the deadline has to be looked at
LONGEST_INTEGER = 19  # digits that a 64-bit number may have; longer ones travel tagged
FORGED = "an answer with a signature that is not the worker's"

What = TypeVar("What")
How = TypeVar("How")


class WireError(Exception):
    """The conversation over a channel cannot go on."""


class Closed(WireError):
    """The other side is gone."""


class Late(WireError):
    """The deadline passed."""


class Malformed(WireError):
    """The bytes are no valid frame."""


class TooLarge(WireError):
    """What should be sent is larger than a frame may be."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The largest frame, in bytes."""

    header: int
    body: int


# The largest honest answer has a body of 8 MB (logits of a short training) and a header of 7 KB; the largest request
# has 1.3 MB of text, or 2.5 MB of tokens. What several answers brought together can still be sent in one request.
REPLIES = Caps(header=1 << 20, body=16 << 20)
REQUESTS = Caps(header=16 << 20, body=64 << 20)


class Output:
    """The reading end of a worker's stdout and stderr: keeps the first bytes and throws the rest away."""

    def __init__(self, descriptor: int, keep: int) -> None:
        self.descriptor, self.keep = descriptor, keep
        self.kept = bytearray()
        self.open = True

    def drain(self) -> None:
        """Read what is there, so that a worker that prints a lot never waits for a reader."""
        for _ in range(READS_AT_ONCE):
            if not self.open:
                return
            try:
                data = os.read(self.descriptor, 65536)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self.kept += data[: self.keep - len(self.kept)]
            if len(data) < 65536:
                return

    def close(self) -> None:
        if self.open:
            self.open = False
            os.close(self.descriptor)


class Channel:
    """Frames both ways over a stream socket. While it waits, it drains `output` and calls `watch`, which may raise.

    One that is `patient` has neither, nor deadlines: the system's own calls wait.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        sends: Caps,
        receives: Caps,
        output: Output | None = None,
        watch: Callable[[], None] | None = None,
        patient: bool = False,
    ) -> None:
        sock.setblocking(patient)
        self._sock, self._sends, self._receives, self._output, self._watch = sock, sends, receives, output, watch
        self._watched = time.monotonic()
        self._ahead = b""  # what was read beyond what was asked for
        self._polls: dict[int, select.poll] = {}  # by event

    def send(
        self, header: dict[str, Any], body: bytes = b"", deadline: float | None = None, key: bytes | None = None
    ) -> None:
        """Raises TooLarge when the frame exceeds the caps (nothing is sent then), Closed, or Late.

        With a `key` the frame is signed.
        """
        text = text_of(header)
        if len(text) > self._sends.header or len(body) > self._sends.body:
            raise TooLarge(_excess(len(text), len(body), self._sends))
        signed = UNSIGNED if key is None else signature(key, text, body)
        frame = PREFIX.pack(MAGIC, len(text), len(body), signed) + text
        # In one piece where that is small: the other side begins to read as soon as there is something.
        for part in (frame + body,) if len(body) <= LITTLE else (frame, body):
            view = memoryview(part)
            while view:
                view = view[self._moved(select.POLLOUT, deadline, self._sock.send, view[:AT_ONCE]) :]

    def receive(self, deadline: float | None = None) -> tuple[dict[str, Any], bytes]:
        """The next frame, whether or not it is signed. Raises Closed, Late or Malformed."""
        _, text, body = self._frame(deadline)
        return parse(text), body

    def receive_signed(self, key: bytes, deadline: float | None = None) -> tuple[dict[str, Any], bytes, bool]:
        """The next frame, and whether it is signed. Raises Closed, Late, or Malformed, also for another key."""
        signed, text, body = self._frame(deadline)
        is_signed = signed != UNSIGNED
        if is_signed and not compare_digest(signed, signature(key, text, body)):
            raise Malformed(FORGED)
        return parse(text), body, is_signed

    def _frame(self, deadline: float | None) -> tuple[bytes, bytes, bytes]:
        """Signature, header and body."""
        if (magic := self._exactly(len(MAGIC), deadline)) != MAGIC:
            raise Malformed("the bytes do not begin a frame")
        _, header, body, signed = PREFIX.unpack(magic + self._exactly(PREFIX.size - len(MAGIC), deadline))
        if header > self._receives.header or body > self._receives.body:
            raise Malformed(_excess(header, body, self._receives))
        return signed, self._exactly(header, deadline), self._exactly(body, deadline)

    def expect_silence(self) -> None:
        """Raises Malformed when bytes wait that nobody asked for, Closed when the other side is gone."""
        try:
            waits = self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            if not self._ahead:
                return
            waits = self._ahead
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not waits:
            raise Closed("the other side closed the connection")
        raise Malformed("an answer that nobody asked for")

    def close(self) -> None:
        self._sock.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        """The next `count` bytes."""
        while len(self._ahead) < count <= LITTLE:
            self._ahead += self._read(self._sock.recv, LITTLE, deadline)
        found, self._ahead = self._ahead[:count], self._ahead[count:]
        return found if len(found) == count else self._long(found, count, deadline)

    def _long(self, begun: bytes, count: int, deadline: float | None) -> bytes:
        """`count` bytes, which begin so. BytesIO gives away the very bytes that it was filled in, not a copy."""
        file = io.BytesIO(bytes(count))
        with file.getbuffer() as whole:
            done = len(begun)
            whole[:done] = begun
            while done < count:
                with whole[done : done + AT_ONCE] as rest:
                    done += self._read(self._sock.recv_into, rest, deadline)
        return file.getvalue()

    def _read(self, read: Callable[[How], What], how: How, deadline: float | None) -> What:
        """What a call that reads gives. Raises Closed when that is nothing."""
        got = self._moved(select.POLLIN, deadline, read, how)
        if not got:
            raise Closed("the other side closed the connection")
        return got

    def _moved(self, event: int, deadline: float | None, move: Callable[[How], What], how: How) -> What:
        """What sending or receiving gives. Waits only when there is nothing to move yet."""
        while deadline is None or time.monotonic() < deadline:
            try:
                return move(how)
            except BlockingIOError:
                self._wait(event, deadline)
            except ConnectionError as error:
                raise Closed(str(error)) from error
        raise Late("no answer within the time limit")

    def _wait(self, event: int, deadline: float | None) -> None:
        """Until there is something to do, which may be something else than this event."""
        ready = dict(self._poll_for(event).poll(_milliseconds(self._next_look(deadline))))
        if self._output is not None and self._output.descriptor in ready:
            self._output.drain()
            if not self._output.open:
                self._polls.clear()

    def _poll_for(self, event: int) -> select.poll:
        if event not in self._polls:
            poll = self._polls[event] = select.poll()
            poll.register(self._sock, event)
            if self._output is not None and self._output.open:
                poll.register(self._output.descriptor, select.POLLIN)
        return self._polls[event]

    def _next_look(self, deadline: float | None) -> float | None:
        """Look at what is watched if it is time to; until when to wait, at most."""
        if self._watch is None:
            return deadline
        if time.monotonic() - self._watched >= WATCH_SECONDS:
            self._watch()
            self._watched = time.monotonic()
        due = self._watched + WATCH_SECONDS
        return due if deadline is None else min(due, deadline)


def text_of(header: dict[str, Any]) -> bytes:
    """A header as it is sent. Half surrogates, which no text may hold, become question marks."""
    return _ENCODER.encode(header).encode("utf-8", "replace")


def signature(key: bytes, text: bytes, body: bytes) -> bytes:
    """What only who knows `key` can say of a frame with this header and body (keyed BLAKE2b, RFC 7693)."""
    signed = blake2b(_LENGTHS.pack(len(text), len(body)) + text, key=key, digest_size=len(UNSIGNED))
    signed.update(body)
    return signed.digest()


def parse(data: bytes) -> dict[str, Any]:
    """A header's JSON object. Raises Malformed for anything that `send` could not have written."""
    try:
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"the header is no valid JSON: {type(error).__name__}") from error
    if type(value) is not dict:
        raise Malformed("the header is no JSON object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that is too large")
    return value


def _short_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_INTEGER:
        raise ValueError("a number with too many digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key that comes twice")
    return result


# Made once: `json.loads` and `json.dumps` would make new ones at each call.
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_finite, parse_int=_short_integer, object_pairs_hook=_unique
)


def _excess(header: int, body: int, caps: Caps) -> str:
    """Which part of a frame is too large, as the end of a sentence about it."""
    if body > caps.body:
        return f"{body / 1e6:.1f} MB of tensors are too much, {caps.body / 1e6:.1f} MB are allowed"
    return f"{header / 1e6:.1f} MB of plain values are too much, {caps.header / 1e6:.1f} MB are allowed"


def _milliseconds(deadline: float | None) -> int | None:
    return None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000) + 1)
