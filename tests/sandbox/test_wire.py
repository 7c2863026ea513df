"""Frames arrive whole, in time and within bounds, or not at all."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.wire import (
    LITTLE,
    MAGIC,
    PREFIX,
    UNSIGNED,
    Caps,
    Channel,
    Closed,
    Late,
    Malformed,
    Output,
    TooLarge,
    WireError,
)

CAPS, LARGE = Caps(header=1000, body=100_000), Caps(header=1000, body=10 << 20)


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield Channel(ours, sends=CAPS, receives=CAPS), theirs
    ours.close()
    theirs.close()


def soon() -> float:
    return time.monotonic() + 0.2


def test_frames_come_one_after_the_other(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    sender = Channel(other, sends=CAPS, receives=CAPS)
    for number in range(3):
        sender.send({"number": number}, b"x" * number)
    received = [channel.receive(soon()) for _ in range(3)]
    assert received == [({"number": number}, b"x" * number) for number in range(3)]


def test_a_frame_larger_than_the_socket_takes_arrives(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    large = Channel(other, sends=LARGE, receives=LARGE)
    body = os.urandom(1 << 20)
    thread = threading.Thread(target=lambda: large.send({}, body))
    thread.start()
    assert Channel(channel._sock, sends=LARGE, receives=LARGE).receive(time.monotonic() + 5) == ({}, body)
    thread.join()


def test_too_much_is_not_sent(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    with pytest.raises(TooLarge):
        channel.send({}, bytes(CAPS.body + 1))
    with pytest.raises(TooLarge):
        channel.send({"text": "x" * CAPS.header})
    with pytest.raises(BlockingIOError):
        other.recv(1, socket.MSG_DONTWAIT)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        PREFIX.pack(b"CLM1", 2, 0, UNSIGNED) + b"{}",
        PREFIX.pack(MAGIC, CAPS.header + 1, 0, UNSIGNED),
        PREFIX.pack(MAGIC, 2, CAPS.body + 1, UNSIGNED),
        PREFIX.pack(MAGIC, 2, 2**64 - 1, UNSIGNED),
        *(
            PREFIX.pack(MAGIC, len(text), 0, UNSIGNED) + text
            for text in (
                b"",
                b"[]",
                b"{",
                b"nul",
                b"[" * 900,
                b'{"a": NaN}',
                b'{"a": 1, "a": 2}',
                b"\xff\xfe",
                '{"a": 1}'.encode("utf-16"),
                b'{"a": 1e999}',
                b"9" * 900,
            )
        ),
    ],
)
def test_rubbish_is_malformed(pair: tuple[Channel, socket.socket], data: bytes) -> None:
    channel, other = pair
    other.sendall(data)
    with pytest.raises(Malformed):
        channel.receive(soon())


def test_an_end_in_the_middle_is_closed(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.sendall(PREFIX.pack(MAGIC, 10, 0, UNSIGNED) + b"{")
    other.close()
    with pytest.raises(Closed):
        channel.receive(soon())
    with pytest.raises(Closed):
        channel.expect_silence()
    with pytest.raises(Closed):
        channel.send({}, b"", soon())


def test_silence_and_a_drip_of_bytes_are_late(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    with pytest.raises(Late):
        channel.receive(soon())
    stop = threading.Event()

    def drip() -> None:
        other.sendall(PREFIX.pack(MAGIC, 1000, 0, UNSIGNED))
        while not stop.wait(0.01):
            other.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(Late):
        channel.receive(soon())
    assert time.monotonic() - began < 1
    stop.set()
    thread.join()


def test_a_reader_that_does_not_read_is_late(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    sender = Channel(channel._sock, sends=LARGE, receives=LARGE)
    with pytest.raises(Late):
        sender.send({}, bytes(10 << 20), soon())


def test_unasked_bytes_are_noticed(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.expect_silence()
    other.sendall(b"x")
    with pytest.raises(Malformed):
        channel.expect_silence()


def test_bytes_behind_a_frame_are_noticed_and_begin_the_next(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    frame = PREFIX.pack(MAGIC, 2, 1, UNSIGNED) + b"{}" + b"x"
    other.sendall(2 * frame)
    assert channel.receive(soon()) == ({}, b"x")
    with pytest.raises(Malformed):
        channel.expect_silence()
    assert channel.receive(soon()) == ({}, b"x")
    channel.expect_silence()


@pytest.mark.parametrize("size", [0, LITTLE, LITTLE + 1])
def test_a_signature_is_right_for_its_key_alone(pair: tuple[Channel, socket.socket], size: int) -> None:
    channel, other = pair
    receiver = Channel(channel._sock, sends=LARGE, receives=LARGE)
    sender = Channel(other, sends=LARGE, receives=LARGE)
    sender.send({"a": 1}, bytes(size), key=b"ours")
    assert receiver.receive_signed(b"ours", soon()) == ({"a": 1}, bytes(size), True)
    sender.send({"a": 1}, bytes(size))
    assert receiver.receive_signed(b"ours", soon()) == ({"a": 1}, bytes(size), False)
    sender.send({"a": 1}, bytes(size), key=b"theirs")
    with pytest.raises(Malformed, match="with a signature that is not the worker's"):
        receiver.receive_signed(b"ours", soon())


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_frame_or_an_error(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(PREFIX.pack(MAGIC, len(data), 0, UNSIGNED) + data if len(data) % 2 else data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            header, _ = Channel(ours, sends=CAPS, receives=CAPS).receive(soon())
        except WireError:
            return
        assert type(header) is dict


def test_output_keeps_the_first_bytes_only() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    output = Output(reading, keep=10)
    os.write(writing, b"0123456789abcdef")
    output.drain()
    os.write(writing, b"more")
    os.close(writing)
    output.drain()
    assert bytes(output.kept) == b"0123456789"
    assert not output.open or output.drain() is None
    output.close()
