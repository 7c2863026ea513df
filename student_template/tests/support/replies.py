"""Taking apart what came back from a submission, which may be anything: a wrong kind is a failure, never a crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from support.checking import expect, expect_shape


@dataclass(frozen=True)
class Curve:
    """A training curve as plain values: the three lists have the same length."""

    steps: list[int]
    train: list[float]
    test: list[float]


def kind_of(value: Any) -> str:
    """What `value` is, in a word or two that are the same in this process and across processes."""
    if value is None:
        return "None"
    plain = (bool, int, float, str, list, tuple, dict, torch.Tensor)
    return type(value).__name__ if isinstance(value, plain) else "an object of another kind"


def pair_of(value: Any, did: str) -> tuple[Any, Any]:
    """`value` if it is a pair. Raises CheckFailure."""
    expect(isinstance(value, (tuple, list)), did, "two tensors", kind_of(value))
    expect(len(value) == 2, did, "two tensors", f"{len(value)} values")
    return value[0], value[1]


def parameter_of(parameters: Mapping[str, torch.Tensor], name: str, shape: Sequence[int], did: str) -> torch.Tensor:
    """The tensor `name` of this shape among `parameters`, or their gradients. Raises CheckFailure, also for NaN."""
    expect(name in parameters, did, f"a parameter named {name}", "none of that name")
    tensor = expect_shape(parameters[name], shape, did)
    expect(bool(tensor.isfinite().all()), did, "numbers", "NaN or infinity")
    return tensor


def float_of(value: Any, did: str) -> float:
    """`value` if it is a plain float. Raises CheckFailure."""
    expect(isinstance(value, float), did, "a plain float", kind_of(value))
    return float(value)


def curve_of(history: Any, did: str) -> Curve:
    """The lists of a `History`. Raises CheckFailure when one is missing, of another kind, or shorter than another."""
    found: dict[str, list[Any]] = {}
    for name, kind in (("steps", int), ("train_loss", float), ("test_loss", float)):
        expect(hasattr(history, name), did, f"a History with {name}", f"{kind_of(history)} without it")
        values = getattr(history, name)
        did_name = f"{did}, looked at {name}"
        expect(isinstance(values, list), did_name, "a list", kind_of(values))
        wrong = sorted({kind_of(value) for value in values if not isinstance(value, kind)})
        expect(not wrong, did_name, f"plain {kind.__name__}s", f"{', '.join(wrong)} among them")
        found[name] = values
    lengths = [len(values) for values in found.values()]
    expect(
        len(set(lengths)) == 1, did, "two losses for each step", "lists of the lengths " + ", ".join(map(str, lengths))
    )
    return Curve(found["steps"], found["train_loss"], found["test_loss"])
