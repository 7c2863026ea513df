"""What a check is made of: its decorators, its expectations, and the failures that these raise.

Everything here runs on the judging side. In the grader that side never imports what a student wrote: it sees
only plain values and tensors that came back from the submission's own process.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import torch
from gradescope_utils.autograder_utils import decorators

from support.failures import BadReply, CallTimedOut, CheckFailure, OutOfMemory, Replaced, SubmissionError, WorkerDied
from support.info import CheckInfo, check_info
from support.wording import told_apart

__all__ = [
    "BadReply",
    "CallTimedOut",
    "CheckFailure",
    "CheckInfo",
    "OutOfMemory",
    "Submission",
    "SubmissionError",
    "WorkerDied",
    "covers",
    "describe",
    "error_from",
    "expect",
    "expect_close",
    "expect_dtype",
    "expect_equal",
    "expect_finite",
    "expect_floats",
    "expect_shape",
    "expect_tensor",
    "hint",
    "number",
    "requires",
    "visibility",
    "weight",
]

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., Any])

# Gradescope's own decorators, which come without types.
number: Callable[[str], Callable[[CheckFunction], CheckFunction]] = decorators.number
weight: Callable[[float], Callable[[CheckFunction], CheckFunction]] = decorators.weight
visibility: Callable[[str], Callable[[CheckFunction], CheckFunction]] = decorators.visibility

# float32 rounding in sums of a few hundred terms stays below these; a wrong formula is off by far more.
RTOL, ATOL = 1e-4, 1e-5


class Submission(Protocol):
    """A submission as checks see it: modules of `charlm`, and the probes that run beside them."""

    tokenizer: Any
    data: Any
    attention: Any
    model: Any
    training: Any
    probes: Any


def hint(text: str) -> Callable[[CheckFunction], CheckFunction]:
    """Attach the one hint that a failing message ends with."""
    return _attach("__hint__", text)


def covers(*parts: str) -> Callable[[CheckFunction], CheckFunction]:
    """Name the interface parts that this check proves, e.g. `causal_mask`."""
    return _attach("__covers__", frozenset(parts))


def requires(*parts: str) -> Callable[[CheckFunction], CheckFunction]:
    """Name the parts that this check builds on: when one is broken, a failure here is *blocked*.

    A part that the check covers itself may be named, too: then it is blocked when a check of another problem found that
    part broken. So code that is wrong on any device is not blamed again for being wrong on this one.
    """
    return _attach("__requires__", frozenset(parts))


def _attach(name: str, value: object) -> Callable[[CheckFunction], CheckFunction]:
    def decorate(function: CheckFunction) -> CheckFunction:
        setattr(function, name, value)
        return function

    return decorate


@functools.cache
def describe(function: Callable[..., Any]) -> CheckInfo:
    """Read a check's declaration. Raises ValueError when its number, sentence or hint is missing."""
    names = ("number", "hint", "weight", "visibility", "covers", "requires")
    declared = {name: getattr(function, f"__{name}__") for name in names if hasattr(function, f"__{name}__")}
    return check_info(function.__name__, function.__doc__ or "", declared)


def expect(condition: bool, did: str, expected: str, got: str, *, values: str = "") -> None:
    """Raise CheckFailure with these sentences unless `condition` is exactly True."""
    if condition is not True:
        raise CheckFailure(did, expected, got, values=values)


def expect_tensor(actual: object, did: str) -> torch.Tensor:
    """Return `actual` as a detached CPU tensor; raise CheckFailure when it is none."""
    if not isinstance(actual, torch.Tensor):
        raise CheckFailure(did, "a tensor", f"a {type(actual).__name__}")
    return actual.detach().cpu()


def expect_shape(actual: object, shape: Sequence[int], did: str) -> torch.Tensor:
    """Raise CheckFailure unless `actual` is a tensor of exactly this shape; return it, detached."""
    tensor = expect_tensor(actual, did)
    expect(
        tuple(tensor.shape) == tuple(shape),
        did,
        f"a tensor of shape {_shape(shape)}",
        f"one of shape {_shape(tensor.shape)}",
    )
    return tensor


def expect_floats(actual: object, shape: Sequence[int], did: str) -> torch.Tensor:
    """Raise CheckFailure unless `actual` is a tensor of this shape with floating-point numbers; return it, detached."""
    tensor = expect_shape(actual, shape, did)
    expect(tensor.is_floating_point(), did, "floating-point numbers", f"dtype {_name(tensor.dtype)}")
    return tensor


def expect_finite(actual: object, shape: Sequence[int], did: str) -> torch.Tensor:
    """The same for numbers alone: NaN and infinity fail, too."""
    tensor = expect_floats(actual, shape, did)
    strange = int((~tensor.isfinite()).sum())
    expect(strange == 0, did, "numbers", f"NaN or infinity in {strange} of {tensor.numel()} places")
    return tensor


def expect_dtype(actual: object, dtype: torch.dtype, did: str) -> torch.Tensor:
    """Raise CheckFailure unless `actual` is a tensor of this dtype; return it, detached."""
    tensor = expect_tensor(actual, did)
    expect(tensor.dtype == dtype, did, f"dtype {_name(dtype)}", f"dtype {_name(tensor.dtype)}")
    return tensor


def expect_equal(actual: object, expected: object, did: str, wanted: str = "") -> None:
    """Raise CheckFailure unless both are the same plain value, or the same tensor to the last bit.

    `wanted` says in words what is expected, instead of "the right values".
    """
    if isinstance(expected, torch.Tensor):
        tensor = expect_shape(actual, expected.shape, did)
        expect_dtype(tensor, expected.dtype, did)
        _compare(tensor.to(torch.float64), expected.to(torch.float64), did, 0.0, 0.0, wanted)
    elif not _same(actual, expected):
        right, found = told_apart(expected, actual)
        values = f"expected {_clip(expected)}, got {_clip(actual)}"
        raise CheckFailure(did, wanted or right, "something else" if wanted else found, values=values)


def expect_close(
    actual: object, expected: torch.Tensor, did: str, wanted: str = "", *, rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Raise CheckFailure unless `actual` has `expected`'s shape and |actual - expected| <= atol + rtol * |expected|.

    Infinities must stand in the same places; NaN never passes. `wanted` is as for `expect_equal`.
    """
    tensor = expect_floats(actual, expected.shape, did)
    _compare(tensor.to(torch.float64), expected.detach().cpu().to(torch.float64), did, rtol, atol, wanted)


def _same(actual: object, expected: object) -> bool:
    """Whether both are plain values of one kind, and so is all that they contain; a tensor among them is not."""
    if type(actual) is not type(expected):
        return False
    if isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        return len(actual) == len(expected) and all(map(_same, actual, expected))
    return not isinstance(actual, torch.Tensor) and actual == expected


def _compare(actual: torch.Tensor, expected: torch.Tensor, did: str, rtol: float, atol: float, wanted: str) -> None:
    nans = int(actual.isnan().sum())
    expect(nans == 0, did, wanted or "numbers", f"NaN in {nans} of {actual.numel()} places")
    # Equal infinities subtract to NaN, so they are taken out before the difference is formed.
    same = actual == expected
    difference = torch.where(same, torch.zeros_like(actual), (actual - expected).abs())
    wrong = ~(same | (difference <= atol + rtol * torch.where(expected.isinf(), 0.0, expected.abs())))
    if not bool(wrong.any()):
        return
    index, largest = tuple(wrong.nonzero()[0].tolist()), float(difference[wrong].max())
    values = f"expected {float(expected[index]):.6g}, got {float(actual[index]):.6g}"
    precision, exact = _precision(rtol, atol), not (rtol or atol)
    if wrong.numel() == 1:
        got = "another one" if exact else f"one that is off by {_size(largest)}"
        raise CheckFailure(did, (wanted or "the right value") + precision, got, values=values)
    # What is called for names the number of places, so that it may be told where inputs are hidden.
    count = "all" if bool(wrong.all()) else int(wrong.sum())
    off = "" if exact else f"off by up to {_size(largest)}; "
    raise CheckFailure(
        did,
        f"{wanted or 'the right values'}{precision} in all {wrong.numel()} places",
        f"others in {count} of them",
        values=f"{off}first at index {list(index)}: {values}",
    )


def _precision(rtol: float, atol: float) -> str:
    if rtol > RTOL:
        return f" (to within {rtol:.0%})"
    return f" (to within {atol:g})" if atol > ATOL else ""


def _size(difference: float) -> str:
    return "infinity" if math.isinf(difference) else f"{difference:.3g}"


def error_from(call: Callable[[], object]) -> SubmissionError | None:
    """Run `call` and return the student code's exception, or None when there was none.

    A time-out, a dead worker, a stub and the like are no answer to the question that a check asks, so they are raised.
    """
    try:
        call()
    except (CallTimedOut, OutOfMemory, WorkerDied, BadReply, Replaced):
        raise
    except SubmissionError as error:
        if error.not_implemented:
            raise
        return error
    return None


def _shape(shape: Sequence[int]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _clip(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
