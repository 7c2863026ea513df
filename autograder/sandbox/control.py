"""Messages between the grader and its zygote: JSON objects, with file descriptors where one needs them."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

LENGTH = struct.Struct(">I")
MOST_DESCRIPTORS = 4


def send(
    sock: socket.socket,
    message: dict[str, Any],
    descriptors: tuple[int, ...] = (),
    deadline: float | None = None,
) -> None:
    """Raises OSError when the other side is gone, or does not read until `deadline` (TimeoutError)."""
    data = json.dumps(message).encode()
    _allow(sock, deadline)
    # Descriptors travel with the first bytes; the rest needs none.
    socket.send_fds(sock, [LENGTH.pack(len(data))], list(descriptors))
    sock.sendall(data)


def receive(sock: socket.socket, deadline: float | None = None) -> tuple[dict[str, Any], list[int]]:
    """The next message and the descriptors that came with it.

    Raises EOFError at the end of the conversation, TimeoutError when the message is not there at `deadline`.
    """
    _allow(sock, deadline)
    head, descriptors, _, _ = socket.recv_fds(sock, LENGTH.size, MOST_DESCRIPTORS)
    while len(head) < LENGTH.size:
        head += _some(sock, LENGTH.size - len(head), deadline)
    (left,) = LENGTH.unpack(head)
    data = b""
    while len(data) < left:
        data += _some(sock, left - len(data), deadline)
    return json.loads(data), descriptors


def _some(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    _allow(sock, deadline)
    data = sock.recv(count)
    if not data:
        raise EOFError("the other side closed the connection")
    return data


def _allow(sock: socket.socket, deadline: float | None) -> None:
    """Let the next operation wait until `deadline`, but never not at all: that would be another mode."""
    sock.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
