"""Values that no honest submission answers with, and honest answers with one thing wrong about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from tests.forged_submission import Raw

Make = Callable[[], Any]
DTYPES = (
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64),
)


class _Thing:
    """Something that stays in the worker, and that nothing can be done with."""


def _deep(levels: int) -> Any:
    return [] if levels == 0 else [_deep(levels - 1)]


PLAIN: dict[str, Make] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "-1": lambda: -1,
    "3": lambda: 3,
    "2**70": lambda: 2**70,
    "-2**4000": lambda: -(2**4000),
    "1.5": lambda: 1.5,
    "-0.0": lambda: -0.0,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "1e308": lambda: 1e308,
    "''": lambda: "",
    "'gpu'": lambda: "gpu",
    "a surrogate": lambda: "\ud800",
    "zero bytes": lambda: "\0a\0",
    "a long text": lambda: "🎭" * 100_000,
    "a dtype": lambda: torch.float32,
    "an object": _Thing,
    "a class": lambda: _Thing,
    "a function": lambda: len,
}
CONTAINERS: dict[str, Make] = {
    "[]": list,
    "[None]": lambda: [None],
    "[0]": lambda: [0],
    "['a']": lambda: ["a"],
    "()": tuple,
    "(None, None)": lambda: (None, None),
    "(1, 2, 3)": lambda: (1, 2, 3),
    "{}": dict,
    "{0: 0}": lambda: {0: 0},
    "{None: None}": lambda: {None: None},
    "deep lists": lambda: _deep(30),
    "too deep lists": lambda: _deep(40),
    "10**5 numbers": lambda: list(range(10**5)),
    "10**4 lists": lambda: [[]] * 10**4,
    "a list of tensors": lambda: [torch.ones(2), torch.ones(3)],
    "a list with a tensor": lambda: [torch.ones(2, 3)] * 2,
    "a pair of tensors": lambda: (torch.ones(3), torch.ones(2, 2)),
    "a list of objects": lambda: [_Thing(), _Thing()],
    "tensors by name": lambda: {"a": torch.ones(2, 2), "table": torch.ones(1)},
}
TENSORS: dict[str, Make] = {
    "a number in a tensor": lambda: torch.tensor(1.5),
    "an int in a tensor": lambda: torch.tensor(-3),
    "an empty tensor": lambda: torch.empty(0),
    "an empty tensor of rank 3": lambda: torch.empty(2, 0, 3, dtype=torch.int64),
    "a tensor of rank 1": lambda: torch.ones(4),
    "a tensor of rank 3": lambda: torch.ones(2, 3, 4),
    "a tensor of rank 60": lambda: torch.ones([1] * 60),
    "a complex tensor": lambda: torch.ones(2, 2, dtype=torch.complex64),
    "a sparse tensor": lambda: torch.eye(3).to_sparse(),
    "a meta tensor": lambda: torch.ones(2, device="meta"),
    "NaN in a tensor": lambda: torch.tensor([[math.nan, math.inf]]),
    "a parameter": lambda: torch.nn.Parameter(torch.ones(2, 2)),
    "20 MB": lambda: torch.ones(4000, 5000, dtype=torch.uint8),
}
RAW: dict[str, Make] = {
    "a device": lambda: Raw({"device": "cpu"}),
    "an object that is not there": lambda: Raw({"object": [10**9, "Tensor"]}),
    "an object with an odd name": lambda: Raw({"object": [-1, "\x1b[31m\ud800"]}),
    "an unknown kind": lambda: Raw({"verdict": "passed"}),
    "a tensor that was not sent": lambda: Raw({"tensor": 0}),
    "no node": lambda: Raw([1, 2]),
    "a dict with lists as keys": lambda: Raw({"dict": [[{"list": []}, None]]}),
}
EVERYWHERE: dict[str, Make] = {**PLAIN, **CONTAINERS, **TENSORS, **RAW}
"""In the place of a whole answer."""
INSIDE = (
    "None",
    "True",
    "-1",
    "2**70",
    "nan",
    "'gpu'",
    "an object",
    "[]",
    "a list of tensors",
    "{}",
    "an empty tensor",
)
INSIDE_TOO = ("a tensor of rank 60", "a number in a tensor", "a complex tensor")
"""In the place of a part of an answer."""


def odd_answers(answer: Any, depth: int = 0) -> Iterator[tuple[str, Make]]:
    """Names, and ways to make what is sent instead of this honest answer."""
    names = EVERYWHERE if depth == 0 else (*INSIDE, *INSIDE_TOO)
    yield from ((name, EVERYWHERE[name]) for name in names)
    if isinstance(answer, Tensor):
        yield from _odd_tensors(answer)
    elif isinstance(answer, (list, tuple)):
        yield from _odd_sequences(answer, depth)
    elif isinstance(answer, dict):
        yield from _odd_dicts(answer, depth)


def _odd_tensors(honest: Tensor) -> Iterator[tuple[str, Make]]:
    for dtype in DTYPES:
        if dtype != honest.dtype:
            yield f"as {dtype}", lambda dtype=dtype: honest.to(dtype)  # type: ignore[misc]
    yield "another rank", lambda: honest.unsqueeze(0)
    yield "flat", lambda: honest.flatten()
    yield "as a list", honest.tolist
    yield "on top of itself", lambda: torch.cat([honest, honest]) if honest.dim() else honest.repeat(2)
    yield "less one", lambda: honest[:-1] if honest.dim() else honest[:0]
    yield "nothing left of it", lambda: honest.flatten()[:0].reshape([0] * honest.dim() or [0])
    yield "+ 1000", lambda: honest + 1000
    yield "- 1000", lambda: honest.long() - 1000
    if honest.is_floating_point():
        yield "all NaN", lambda: torch.full_like(honest, math.nan)
        yield "all infinite", lambda: torch.full_like(honest, math.inf)
        yield "with -0.0", lambda: honest * -0.0
    if honest.dtype == torch.int64:
        yield "the largest integers", lambda: torch.full_like(honest, 2**63 - 1)
        yield "the smallest integers", lambda: torch.full_like(honest, -(2**63))


def _odd_sequences(honest: list[Any] | tuple[Any, ...], depth: int) -> Iterator[tuple[str, Make]]:
    kind = type(honest)
    yield "as the other kind", lambda: tuple(honest) if kind is list else list(honest)
    yield "backwards", lambda: honest[::-1]
    if not honest:
        return
    yield "less the last", lambda: honest[:-1]
    yield "and another", lambda: honest + honest[:1]
    yield "10**4 of them", lambda: kind(honest[:1]) * 10**4
    for place in sorted({0, len(honest) - 1}) if depth < 3 else ():
        for name, make in odd_answers(honest[place], depth + 1):
            yield (
                f"[{place}] {name}",
                lambda place=place, make=make: kind(  # type: ignore[misc]
                    make() if index == place else item for index, item in enumerate(honest)
                ),
            )


def _odd_dicts(honest: dict[Any, Any], depth: int) -> Iterator[tuple[str, Make]]:
    yield "and another key", lambda: {**honest, "other": None}
    yield "keys that are numbers", lambda: dict(enumerate(honest.values()))
    yield "values only", lambda: list(honest.values())
    # Parameters are alike; the few keys of a report are not.
    keys = list(honest) if len(honest) <= 8 else [*honest][:1] + [*honest][-1:]
    for key in keys if depth < 3 else ():
        yield f"without {key}", lambda key=key: {k: v for k, v in honest.items() if k != key}  # type: ignore[misc]
        for name, make in odd_answers(honest[key], depth + 1):
            yield f"[{key}] {name}", lambda key=key, make=make: {**honest, key: make()}  # type: ignore[misc]


ANSWERS: dict[str, Any] = {
    "nothing": {},
    "numbers": {f"problem_{k}": k for k in range(1, 11)},
    "lists": {f"problem_{k}": [[]] for k in range(1, 11)},
}
"""Instead of what answers.toml holds."""
ANSWER = (None, True, 3, math.nan, math.inf, 2**70, "", "x" * 10**6, "\0", "\ud800", [], [[]], {}, {"a": {"b": []}})
"""In the place of each single answer."""
