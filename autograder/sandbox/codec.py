"""Values to JSON and safetensors, and back. Both directions are strict: only what stands here can cross.

Plain values: None, bool, int, float, str, list, tuple, dict, torch.Tensor, torch.dtype, torch.device. They are
written as JSON scalars or as an object with one key, their kind. Everything else goes through a hook, which
turns it into the number of an object that stays in the worker.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import safetensors.torch
import torch

from autograder.sandbox.wire import Malformed, text_of

Node = Any  # what json.dumps takes

DEEPEST = 32  # lists and dicts inside one another
MOST_DIMENSIONS = 32
MOST_EMPTY = 1 << 20  # what the sizes of a tensor without numbers may multiply to: `tolist` makes that many lists
LONGEST_TENSOR_HEADER = 1 << 20  # in a safetensors file; 50 bytes or more for each tensor
LARGEST_BITS = 4096
WORD = range(-(2**63), 2**63)
DEVICES = ("cpu", "cuda", "mps", "meta")
KEYS = (bool, int, float, str, type(None))
DTYPES = {str(value).removeprefix("torch."): value for value in vars(torch).values() if isinstance(value, torch.dtype)}
DTYPE_NAMES = {  # in a safetensors file
    **{torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"},
    **{torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16", torch.int32: "I32", torch.int64: "I64"},
    torch.bool: "BOOL",
}
TENSOR_DTYPES = tuple(DTYPE_NAMES)


class Unsendable(TypeError):
    """A value that cannot cross between the processes."""


class Encoder:
    """Encodes the values of one frame; `body()` is then the bytes of all their tensors.

    A value that went through `plain` runs nobody's code when it is encoded.
    """

    def __init__(self, hook: Callable[[object], Node]) -> None:
        self._hook = hook
        self._tensors: list[torch.Tensor] = []

    def encode(self, value: object, depth: int = 0) -> Node:
        """Raises Unsendable, or whatever the hook raises for a value that is not plain."""
        if depth > DEEPEST:
            raise Unsendable(f"a value nested more than {DEEPEST} deep")
        if value is None or isinstance(value, (bool, str)):
            return str.__str__(value) if isinstance(value, str) else value
        if isinstance(value, int):
            return _integer(int.__int__(value))
        if isinstance(value, float):
            plain = float.__float__(value)
            return plain if math.isfinite(plain) else {"float": repr(plain)}
        if isinstance(value, (torch.Tensor, Detached)):
            self._tensors.append(value.value if isinstance(value, Detached) else detached(value))
            return {"tensor": len(self._tensors) - 1}
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        return self._container(value, depth + 1)

    def _container(self, value: object, depth: int) -> Node:
        if isinstance(value, tuple):
            return {"tuple": [self.encode(item, depth) for item in tuple.__iter__(value)]}
        if isinstance(value, list):
            return {"list": [self.encode(item, depth) for item in list.__iter__(value)]}
        if isinstance(value, dict):
            return {"dict": [[self._key(k, depth), self.encode(v, depth)] for k, v in dict.items(value)]}
        return self._hook(value)

    def _key(self, value: object, depth: int) -> Node:
        node = self.encode(value, depth)
        if type(node) is dict and "int" in node:
            raise Unsendable("a dict key that is an integer of more than 64 bits")
        return node

    def body(self) -> bytes:
        """All tensors met so far as one safetensors file; empty when there are none."""
        if not self._tensors:
            return b""
        body = _file_of(self._tensors)
        if _header_length(body) > LONGEST_TENSOR_HEADER:
            raise Unsendable(f"{len(self._tensors)} tensors at once")
        return body


def _file_of(tensors: Sequence[torch.Tensor]) -> bytes:
    """A safetensors file, as `safetensors.torch.save` writes it in ten times the time: they are plain by now."""
    parts, header, end = list[bytes](), dict[str, Any](), 0
    order = sorted(range(len(tensors)), key=lambda index: (-tensors[index].element_size(), str(index)))  # aligned
    for index in order:
        tensor = tensors[index]
        number = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor  # numpy has no such
        parts.append(number.numpy().tobytes())
        begin, end = end, end + len(parts[-1])
        name = DTYPE_NAMES[tensor.dtype]
        header[str(index)] = {"dtype": name, "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = text_of(header)
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def is_plain(value: object, depth: int = 0) -> bool:
    """Whether a value comes back by value, with all that it contains.

    A device does not: a simulated one has no name in the grader.
    """
    if depth > DEEPEST:
        raise Unsendable(f"a value nested more than {DEEPEST} deep")
    if isinstance(value, (tuple, list)):
        return all(is_plain(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, KEYS) and is_plain(item, depth + 1) for key, item in value.items())
    return isinstance(value, (*KEYS, torch.Tensor, torch.dtype))


class Detached:
    """Marks a tensor that `detached` gave."""

    __slots__ = ("value",)

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value


def plain(value: object) -> object:
    """The same value, for which `is_plain` holds, made of nothing but Python's own classes and `Detached` tensors.

    Runs code of the value's own, such as a property that says what class it is of. Raises Unsendable.
    """
    if isinstance(value, torch.Tensor):
        return Detached(detached(value))
    if isinstance(value, tuple):
        return tuple([plain(item) for item in tuple.__iter__(value)])
    if isinstance(value, list):
        return [plain(item) for item in list.__iter__(value)]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in dict.items(value)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return int.__int__(value) if isinstance(value, int) and not isinstance(value, bool) else value


def detached(tensor: torch.Tensor) -> torch.Tensor:
    """A plain contiguous CPU tensor with the same numbers, sharing no memory. Raises Unsendable."""
    if tensor.layout != torch.strided or tensor.dtype not in TENSOR_DTYPES:
        raise Unsendable(f"a tensor of layout {tensor.layout} and dtype {tensor.dtype}")
    if not _is_handy(tensor.shape):
        raise Unsendable("a tensor with more dimensions than can be looked at")
    try:
        with torch.no_grad():
            # A tensor of the simulated device is a subclass that knows how to move itself, so `cpu` comes first.
            moved: torch.Tensor = tensor.detach().cpu()
            with torch._C.DisableTorchFunctionSubclass():
                plain = moved.as_subclass(torch.Tensor)
                return _with_plain_truth(plain.resolve_neg().clone(memory_format=torch.contiguous_format))
    except (NotImplementedError, RuntimeError) as error:
        raise Unsendable(f"a tensor whose numbers cannot be read: {error}") from error


def _with_plain_truth(tensor: torch.Tensor) -> torch.Tensor:
    """The same tensor. What is true may be any byte but 0 in memory that was not set, and travels as 1."""
    return tensor.view(torch.uint8).ne(0) if tensor.dtype == torch.bool else tensor


def _integer(value: int) -> Node:
    if value in WORD:
        return value
    if value.bit_length() > LARGEST_BITS:
        raise Unsendable(f"an integer of {value.bit_length()} bits")
    return {"int": hex(value)}


class Decoder:
    """Decodes the values of one frame. `hook(kind, content)` resolves the kinds that stand for objects."""

    def __init__(self, body: bytes, hook: Callable[[str, Any], object], deepest: int = DEEPEST) -> None:
        self._hook, self._deepest = hook, deepest
        self._tensors = load_tensors(body)
        self._used: set[int] = set()

    def decode(self, node: Node, depth: int = 0) -> Any:
        """Raises Malformed for every node that `Encoder.encode` could not have made."""
        _require(depth <= self._deepest + 1, "a value that is nested too deeply")
        if node is None or type(node) in (bool, int, float):
            return node
        if type(node) is str:
            return node.encode("utf-8", "replace").decode()
        _require(type(node) is dict and len(node) == 1, "a value without a kind")
        (kind, content), *_ = node.items()
        if kind in ("list", "tuple"):
            _require(type(content) is list, "items that are no list")
            items = [self.decode(item, depth + 1) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return self._dict(content, depth + 1)
        if kind == "tensor":
            return self._tensor(content)
        return _scalar(kind, content) if kind in SCALARS else self._hook(kind, content)

    def finish(self) -> None:
        """Raises Malformed when the frame brought tensors that no value mentions."""
        _require(len(self._used) == len(self._tensors), "tensors that nothing refers to")

    def _dict(self, content: Any, depth: int) -> dict[Any, Any]:
        _require(type(content) is list, "a dict that is no list of pairs")
        _require(all(type(pair) is list and len(pair) == 2 for pair in content), "a dict that is no list of pairs")
        result = {}
        for key_node, value_node in content:
            key = self.decode(key_node, depth)
            _require(isinstance(key, KEYS), "a dict key that is no plain scalar")
            # Python hashes an integer by its remainder, so longer ones could all be made to have the same hash.
            _require(not isinstance(key, int) or key in WORD, "a dict key of more than 64 bits")
            result[key] = self.decode(value_node, depth)
        _require(len(result) == len(content), "a dict key that comes twice")
        return result

    def _tensor(self, index: Any) -> torch.Tensor:
        _require(type(index) is int and 0 <= index < len(self._tensors), "a tensor that was not sent")
        _require(index not in self._used, "a tensor that is referred to twice")
        self._used.add(index)
        found: torch.Tensor = self._tensors[index]
        return found


def load_tensors(body: bytes) -> list[torch.Tensor]:
    """The tensors of a safetensors file in the order of their names "0", "1", … Raises Malformed."""
    if not body:
        return []
    _require(_header_length(body) <= LONGEST_TENSOR_HEADER, "more tensors than there may be")
    try:
        found = safetensors.torch.load(body)
    except Exception as error:  # the reader raises many kinds; each means that the bytes are no valid file
        raise Malformed(f"the tensors cannot be read: {type(error).__name__}") from error
    _require(set(found) == {str(index) for index in range(len(found))}, "tensors with other names than 0, 1, 2, …")
    _require(all(tensor.dtype in TENSOR_DTYPES for tensor in found.values()), "a tensor of a dtype that is not allowed")
    _require(all(_is_handy(tensor.shape) for tensor in found.values()), "a tensor of a shape that is not allowed")
    _require(all(map(_has_plain_truth, found.values())), "a truth value that is neither 0 nor 1")
    return [found[str(index)] for index in range(len(found))]


def _has_plain_truth(tensor: torch.Tensor) -> bool:
    """Whether every truth value is the byte 0 or 1. With others, what is true need not equal what is true."""
    return tensor.dtype != torch.bool or not bool(tensor.view(torch.uint8).gt(1).any())


def _header_length(body: bytes) -> int:
    """Of a safetensors file, by its own word: the reader sees to it that there are as many bytes."""
    return int.from_bytes(body[:8], "little")


def _is_handy(shape: Sequence[int]) -> bool:
    """Whether a tensor of this shape costs little more than its numbers, whatever is done with it."""
    return len(shape) <= MOST_DIMENSIONS and (0 not in shape or math.prod(filter(None, shape)) <= MOST_EMPTY)


def _scalar(kind: str, content: Any) -> Any:
    _require(type(content) is str and len(content) <= LARGEST_BITS, f"a {kind} that is no short text")
    _require(re.fullmatch(SCALARS[kind], content) is not None, f"no valid {kind}")
    if kind == "int":
        value = int(content, 16)
        _require(value not in WORD and value.bit_length() <= LARGEST_BITS, "an integer of the wrong size")
        return value
    if kind == "float":
        return float(content)
    if kind == "dtype":
        _require(content in DTYPES, "a dtype that does not exist")
        return DTYPES[content]
    try:
        return torch.device(content)
    except RuntimeError as error:
        raise Malformed("a device that does not exist") from error


SCALARS = {
    "int": r"-?0x[0-9a-f]+",
    "float": r"nan|-?inf",
    "dtype": r"\w+",
    "device": rf"({'|'.join(DEVICES)})(:\d{{1,2}})?",
}


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Malformed(otherwise)
