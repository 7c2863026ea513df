"""Messages between the grader and its zygote: JSON objects, with file descriptors where one needs them."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct(">I")
MOST_DESCRIPTORS = 4


def send(sock: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    """Raises OSError when the other side is gone."""
    data = json.dumps(message).encode()
    # Descriptors travel with the first bytes; the rest needs none.
    socket.send_fds(sock, [LENGTH.pack(len(data))], list(descriptors))
    sock.sendall(data)


def receive(sock: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and the descriptors that came with it. Raises EOFError at the end of the conversation."""
    head, descriptors, _, _ = socket.recv_fds(sock, LENGTH.size, MOST_DESCRIPTORS)
    while len(head) < LENGTH.size:
        head += _some(sock, LENGTH.size - len(head))
    (left,) = LENGTH.unpack(head)
    data = b""
    while len(data) < left:
        data += _some(sock, left - len(data))
    return json.loads(data), descriptors


def _some(sock: socket.socket, count: int) -> bytes:
    data = sock.recv(count)
    if not data:
        raise EOFError("the other side closed the connection")
    return data
