"""How two plain values differ, in words that show neither of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch

_ENTRIES: dict[type, tuple[str, str]] = {
    str: ("a text", "characters"),
    list: ("a list", "entries"),
    tuple: ("a tuple", "entries"),
}


def told_apart(right: object, found: object) -> tuple[str, str]:
    """What was expected, and what came back instead, for two values that differ."""
    if type(right) is not type(found):
        return kind(right), kind(found)
    if isinstance(right, (str, list, tuple)) and isinstance(found, (str, list, tuple)):
        return _entries_told_apart(right, found)
    return "the right value", "another one"


def kind(value: object) -> str:
    """What `value` is, the same in this process and across processes."""
    if type(value) in _ENTRIES:
        return _ENTRIES[type(value)][0]
    if value is None:
        return "None"
    plain = (bool, int, float, dict, torch.Tensor)
    return f"a {type(value).__name__}" if isinstance(value, plain) else "an object of another kind"


def _entries_told_apart(right: Sequence[object], found: Sequence[object]) -> tuple[str, str]:
    whole, parts = _ENTRIES[type(right)]
    if len(right) != len(found):
        return f"{whole} of {len(right)} {parts}", f"one of {len(found)}"
    wrong = sum(repr(one) != repr(other) for one, other in zip(right, found, strict=True))
    if Counter(map(repr, right)) == Counter(map(repr, found)):
        return f"{whole} in the right order", f"the right {parts} in another order"
    return f"{whole} with the right {parts}", f"one in which {wrong} of {len(right)} are others"
