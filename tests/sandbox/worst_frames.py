"""What decoding the worst answers costs the grader: frames as large as the caps allow, made to be expensive.

    python -m tests.sandbox.worst_frames

Prints one JSON object for each frame: its name, what came of it, how far the peak memory grew, and the seconds of
processor time, which other programs hardly change. Each is received and decoded as a session does it, in a process of
its own.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.codec import DEEPEST, LONGEST_TENSOR_HEADER, Decoder
from autograder.sandbox.replies import error_in
from autograder.sandbox.wire import MAGIC, PREFIX, REPLIES, REQUESTS, UNSIGNED

Frame = tuple[bytes, bytes]


def frames() -> dict[str, Callable[[], Frame]]:
    """What makes the header and the body, by name."""
    header = REPLIES.header - 100
    plain: dict[str, Callable[[], bytes]] = {
        "empty lists": lambda: _repeated(b'{"list":[]}', header),
        "empty dicts": lambda: _repeated(b'{"dict":[]}', header),
        "bare lists": lambda: _repeated(b"[]", header),
        "bare dicts": lambda: _repeated(b'{"":0}', header),
        "small numbers": lambda: _repeated(b"1e9", header),
        "zeros": lambda: _repeated(b"0", header),
        "large numbers": lambda: _repeated(b'{"int":"0x%s"}' % (b"f" * 1000), header),
        "objects": lambda: _repeated(b'{"object":[1,""]}', header),
        "nested lists": lambda: b'{"list":[' * (header // 12) + b"]}" * (header // 12),
        "nested brackets": lambda: b"[" * header,
        "one text": lambda: ('"\U0001f600' + "a" * (header - 10) + '"').encode(),
        "many texts": lambda: _repeated(b'"%05x"', header, numbered=True),
        "many keys": lambda: b"{" + b",".join(b'"%05x":0' % number for number in range(header // 10 - 10)) + b"}",
        "a dict": lambda: _dict('["{:05x}",0]', header // 12),
        "keys of one hash": lambda: _dict(
            '[{{"int":"0x{:x}"}},0]', header // 45, lambda number: (number + 9) * (2**61 - 1)
        ),
        "keys of floats of one hash": lambda: _dict("[{},0]", header // 30, _float_of_one_hash),
    }
    found: dict[str, Callable[[], Frame]] = {
        name: (lambda make=make: (b'{"id":1,"value":%s}' % make(), b"")) for name, make in plain.items()
    }
    found["unfinished text"] = lambda: (b'{"id":1,"value":"' + b"\\u0041" * ((header - 40) // 6), b"")
    found |= {
        name: (lambda count=count, make=make: (_mentions(count), make())) for name, (count, make) in _bodies().items()
    }
    found["all at once"] = lambda: (
        b'{"id":1,"value":{"list":[{"tensor":0},%s]}}' % plain["empty lists"](),
        _file({"0": ("U8", [REPLIES.body - 200])}),
    )
    return found


def _repeated(item: bytes, size: int, *, numbered: bool = False) -> bytes:
    items = [item % number if numbered else item for number in range((size - 12) // (len(item) + 2))]
    return b'{"list":[' + b",".join(items) + b"]}"


def _dict(pair: str, count: int, key: Callable[[int], object] = lambda number: number) -> bytes:
    return ('{"dict":[' + ",".join(pair.format(key(number)) for number in range(count)) + "]}").encode()


def _float_of_one_hash(number: int) -> str:
    return repr(math.ldexp(1.0 + (number // 30) * 2.0**-20, 61 * (number % 30) - 900))


def _mentions(count: int) -> bytes:
    return b'{"id":1,"value":{"list":[' + b",".join(b'{"tensor":%d}' % number for number in range(count)) + b"]}}"


def _bodies() -> dict[str, tuple[int, Callable[[], bytes]]]:
    """The number of tensors and what makes the safetensors file, by name."""
    room = REPLIES.body
    many = LONGEST_TENSOR_HEADER // 72
    fill = b" " * (LONGEST_TENSOR_HEADER - 60)
    same = _entry("0", "U8", [0], 0, 0)
    return {
        "one large tensor": (1, lambda: _file({"0": ("F32", [(room - 200) // 4])})),
        "bytes": (1, lambda: _file({"0": ("U8", [room - 200])})),
        "many tensors": (many, lambda: _file({str(number): ("U8", [1]) for number in range(many)})),
        "many empty tensors": (many, lambda: _file({str(number): ("F64", [0]) for number in range(many)})),
        "huge and empty": (1, lambda: _file({"0": ("F64", [2**62, 0])})),
        "wide and empty": (1, lambda: _file({"0": ("F64", [1 << 24, 0])})),
        "overflowing": (1, lambda: _file({"0": ("F64", [2**62, 2**62, 0])})),
        "many dimensions": (1, lambda: _file({"0": ("U8", [1] * 400_000)})),
        "a header of blanks": (1, lambda: _raw(b"{" + fill + same + b"}", 0)),
        "a header that fills the body": (1, lambda: _raw(b'{"0":' + b"[" * (room - 100), 0)),
        "one name often": (1, lambda: _raw(b"{" + b",".join([same] * (many - 9)) + b"}", 0)),
        "metadata": (
            0,
            lambda: _raw(
                b'{"__metadata__":{' + b",".join(b'"%05x":""' % number for number in range(90_000)) + b"}}", 0
            ),
        ),
    }


def _file(tensors: dict[str, tuple[str, list[int]]]) -> bytes:
    """A safetensors file of zeros. Sizes are made up for dtypes and shapes, so nothing large is allocated for them."""
    entries, end = [], 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * (int(dtype[1:]) // 8)
        entries.append(_entry(name, dtype, shape, begin, end))
    return _raw(b"{" + b",".join(entries) + b"}", end)


def _entry(name: str, dtype: str, shape: list[int], begin: int, end: int) -> bytes:
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    return json.dumps({name: entry}, separators=(",", ":")).encode()[1:-1]


def _raw(header: bytes, size: int) -> bytes:
    return len(header).to_bytes(8, "little") + header + bytes(size)


def no_objects(kind: str, content: Any) -> object:
    if kind != "object":
        raise wire.Malformed("a value of an unknown kind")
    return object()


def cost(sock: socket.socket) -> tuple[str, float, float]:
    """What came of the next frame, the growth of the peak memory in MB, and the processor's seconds for it."""
    select.select([sock], [], [])
    before, began = _memory("VmRSS"), time.process_time()
    outcome = "decoded"
    try:
        reply, blob = wire.Channel(sock, sends=REQUESTS, receives=REPLIES).receive()
        if error_in(reply, 1) is None:
            decoder = Decoder(blob, no_objects, deepest=DEEPEST // 2)
            value = decoder.decode(reply["value"])
            decoder.finish()
            del value
    except wire.Malformed as error:
        outcome = f"refused: {error}"
    return outcome, _memory("VmHWM") - before, time.process_time() - began


def _send(sock: socket.socket, make: Callable[[], Frame]) -> None:
    header, body = make()
    assert len(header) <= REPLIES.header, f"a header of {len(header)}"
    assert len(body) <= REPLIES.body, f"a body of {len(body)}"
    with contextlib.suppress(OSError):  # the receiver has seen enough
        sock.sendall(PREFIX.pack(MAGIC, len(header), len(body), UNSIGNED) + header)
        sock.sendall(body)


def _memory(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """Fork twice for each frame: one makes and sends it, one has only just been forked and receives it."""
    for name, make in frames().items():
        ours, theirs = socket.socketpair()
        sender = _forked(lambda sock=theirs, make=make: _send(sock, make))
        receiver = _forked(lambda sock=ours, name=name: print(json.dumps(_told(name, *cost(sock))), flush=True))
        ours.close()
        theirs.close()
        assert [os.waitpid(child, 0)[1] for child in (sender, receiver)] == [0, 0], name


def _told(name: str, outcome: str, megabytes: float, seconds: float) -> dict[str, object]:
    return {"frame": name, "outcome": outcome, "megabytes": round(megabytes, 1), "seconds": round(seconds, 3)}


def _forked(do: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        do()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
