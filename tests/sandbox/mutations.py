"""Damaged frames: a real answer, changed in one of the ways in which a hostile or broken worker may change it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from autograder.sandbox.codec import SCALARS
from autograder.sandbox.wire import MAGIC, PREFIX, REPLIES, UNSIGNED

NUMBERS = (0, -1, 1, 2, 7, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**19, 10**300, -0.0, 1e308, 0.1)
TEXTS = (
    "",
    "0",
    "nan",
    "-inf",
    "0x",
    "-0x1",
    "0x" + "f" * 1030,
    "cpu:0",
    "cuda:99",
    "float32",
    "\0",
    "\ud800",
    "é" * 99,
)
KINDS = (*SCALARS, "list", "tuple", "dict", "tensor", "object", "part", "pickle", "")
FIELDS = ("id", "value", "error", "types", "message", "where", "passed", "release")
LENGTHS = (0, 1, 2**31, 2**32 - 1, REPLIES.header, REPLIES.header + 1, REPLIES.body + 1, 2**63, 2**64 - 1)
DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F8_E4M3", "C64", "U64", "F4", "f32", "", "X")


@dataclass(frozen=True)
class Frame:
    """An answer as it was sent: its JSON text and its safetensors file."""

    header: bytes
    body: bytes = b""

    @property
    def packed(self) -> bytes:
        return PREFIX.pack(MAGIC, len(self.header), len(self.body), UNSIGNED) + self.header + self.body


def mutated(frame: Frame, others: Sequence[Frame], random: Random) -> tuple[str, bytes]:
    """The name of a way to damage a frame, drawn at random, and what comes of it."""
    name = random.choice(list(WAYS))
    return name, WAYS[name](frame, random.choice(others), random)


def _flip_bits(frame: Frame, other: Frame, random: Random) -> bytes:
    data = bytearray(frame.packed)
    for _ in range(random.choice((1, 1, 2, 8))):
        data[_place(data, random)] ^= 1 << random.randrange(8)
    return bytes(data)


def _place(data: bytes | bytearray, random: Random) -> int:
    """Mostly near the beginning, where the lengths and the JSON are."""
    return random.randrange(len(data) if random.random() < 0.3 else min(len(data), 200))


def _truncate(frame: Frame, other: Frame, random: Random) -> bytes:
    return frame.packed[: _place(frame.packed, random)]


def _splice(frame: Frame, other: Frame, random: Random) -> bytes:
    left, right = frame.packed, other.packed
    return left[: _place(left, random)] + right[_place(right, random) :]


def _repeat_or_cut(frame: Frame, other: Frame, random: Random) -> bytes:
    data = frame.packed
    start, end = sorted((_place(data, random), _place(data, random)))
    return data[:start] + data[start:end] * random.choice((0, 2, 50)) + data[end:]


def _lie_about_lengths(frame: Frame, other: Frame, random: Random) -> bytes:
    header, body = (_wrong_length(len(part), random) for part in (frame.header, frame.body))
    return PREFIX.pack(MAGIC, header % 2**32, body, UNSIGNED) + frame.header + frame.body


def _wrong_length(length: int, random: Random) -> int:
    return random.choice((length, max(0, length + random.choice((-8, -1, 1, 8))), random.choice(LENGTHS)))


def _swap_bodies(frame: Frame, other: Frame, random: Random) -> bytes:
    return Frame(frame.header, random.choice((other.body, frame.body + other.body, random.randbytes(40)))).packed


def _change_json(frame: Frame, other: Frame, random: Random) -> bytes:
    tree, donor = json.loads(frame.header), json.loads(other.header)
    for _ in range(random.choice((1, 1, 2, 5))):
        tree = _changed(tree, donor, random)
    return Frame(_text_of(tree, random), frame.body).packed


def _changed(tree: Any, donor: Any, random: Random) -> Any:
    """The tree with one of its nodes replaced."""
    places = list(islice(_places(tree), 3000))
    if not places:
        return _node(donor, random)
    container, key = random.choice(places)
    if random.random() < 0.15:
        del container[key]
    elif random.random() < 0.15 and isinstance(container, dict):
        container[random.choice((*KINDS, *FIELDS))] = container.pop(key)
    else:
        container[key] = _wrapped(container[key], donor, random)
    return tree


def _places(tree: Any) -> Any:
    if isinstance(tree, (dict, list)):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from _places(tree[key])


def _wrapped(node: Any, donor: Any, random: Random) -> Any:
    choices: tuple[Callable[[], Any], ...] = (
        lambda: _node(donor, random),
        lambda: {random.choice(KINDS): node},
        lambda: {random.choice(KINDS): [node] * random.choice((0, 1, 2, 300 if _is_small(node) else 3))},
        lambda: {"dict": [[node, node], [_node(donor, random), node]]},
        lambda: _nested(node, random.choice((14, 17, 33, 100))),
    )
    return random.choice(choices)()


def _is_small(node: Any) -> bool:
    return sum(1 for _ in islice(_places(node), 30)) < 30


def _nested(node: Any, depth: int) -> Any:
    for _ in range(depth):
        node = {"list": [node]}
    return node


def _node(donor: Any, random: Random) -> Any:
    parts = [container[key] for container, key in islice(_places(donor), 3000)]
    part = copy.deepcopy(random.choice(parts)) if parts else 0  # else it could come to stand inside itself
    scalars = (random.choice(NUMBERS), random.choice(TEXTS), None, True, [], {}, {random.choice(KINDS): 0})
    return random.choice((*scalars, part, {random.choice(KINDS): random.choice(TEXTS)}))


def _text_of(tree: Any, random: Random) -> bytes:
    """As JSON, sometimes in a way that `Channel.send` would never write it."""
    text = json.dumps(tree, ensure_ascii=random.random() < 0.5)
    style = random.random()
    if style < 0.05:
        text = text.replace("0", random.choice(("NaN", "1e999", "-Infinity", "00", "0" * 30)), 1)
    elif style < 0.1:
        text = text.replace('{"', random.choice(('{"a":1,"a":2,"', '{"id":1,"', "{ ", "\ufeff{")), 1)
    elif style < 0.11:
        text = text.replace("0", "[" * 2000 + "]" * 2000, 1)
    elif style < 0.13:
        return text.encode("utf-16" if random.random() < 0.5 else "utf-32", "replace")
    return text.encode("utf-8", random.choice(("replace", "surrogatepass")))


def _change_tensors(frame: Frame, other: Frame, random: Random) -> bytes:
    """Lies about dtypes, shapes, offsets, names and lengths inside the safetensors file."""
    body = frame.body or other.body
    if len(body) < 8:
        return _change_json(frame, other, random)
    length = int.from_bytes(body[:8], "little")
    entries, data = json.loads(body[8 : 8 + length]), body[8 + length :]
    for _ in range(random.choice((1, 1, 2, 4))):
        _change_entry(entries, random)
    text = json.dumps(entries).encode()
    text += b" " * random.choice((0, 0, -len(text) % 8, 9))
    claimed = random.choice((len(text),) * 8 + (len(text) + 1, 0, 2**63, 2**64 - 1, 1 << 20))
    data = random.choice((data, data, data, data[:-1], data + b"\0", b""))
    return Frame(frame.header, claimed.to_bytes(8, "little") + text + data).packed


def _change_entry(entries: dict[str, Any], random: Random) -> None:
    names = [
        name for name in entries if isinstance(entries[name], dict) and {"shape", "data_offsets"} <= set(entries[name])
    ]
    name = random.choice(names) if names else "0"
    if name not in names:
        entries[name] = {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}
    entry = entries[name]
    shape, offsets = (value if isinstance(value, list) else [] for value in (entry["shape"], entry["data_offsets"]))
    what = random.randrange(8)
    if what == 0:
        entry["dtype"] = random.choice(DTYPES)
    elif what == 1:
        entry["shape"] = random.choice(([], [0], [0, 2**62], [2**62, 0], [1] * 40, [-1], [2**64], "x", [*shape, 1]))
    elif what == 2:
        random.shuffle(shape)
    elif what == 3 and offsets:
        offsets[random.randrange(len(offsets))] = random.choice((0, 1, 4, 2**63, -1, offsets[0], offsets[-1] + 4))
    elif what == 4:
        entries[random.choice(("0", "1", "99", "-1", "", "00", "__metadata__"))] = dict(entry)
    elif what == 5:
        entries["__metadata__"] = random.choice(({"format": "pt"}, {"a": 1}, [], {"a": "b" * 1000}))
    elif what == 6:
        entry[random.choice(("dtype", "shape", "extra"))] = random.choice((None, "F32", [2], 3.5))
    else:
        entries.pop(name)


def _rubbish(frame: Frame, other: Frame, random: Random) -> bytes:
    data = random.randbytes(random.choice((0, 1, 15, 16, 17, 300)))
    return data if random.random() < 0.5 else Frame(data, random.randbytes(random.randrange(60))).packed


WAYS: dict[str, Callable[[Frame, Frame, Random], bytes]] = {
    "bits flipped": _flip_bits,
    "cut short": _truncate,
    "two spliced": _splice,
    "bytes repeated or cut out": _repeat_or_cut,
    "wrong lengths": _lie_about_lengths,
    "another body": _swap_bodies,
    "other values": _change_json,
    "other values, again": _change_json,
    "another tensor header": _change_tensors,
    "rubbish": _rubbish,
}
