"""Asking the probes, and checking what they report before a check looks at it.

A probe runs beside the student's code. In the grader that is another process, so a report can be anything: each
function here returns what its type says or raises BadReply. What the student's own functions returned is Any.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from support.checking import Submission
from support.failures import BadReply

MOST_NUMBERS = 10_000_000  # in the parameters of a model that a check makes; they have a few thousand

Value = TypeVar("Value")


@dataclass(frozen=True)
class Generated:
    """What `watch_generate` saw. `shown` has the first windows, in order, `modes` those of the model and its parts.

    `recorded`: while it generated, a gradient was recorded. `records`: afterwards PyTorch records gradients.
    """

    result: Any
    device: str
    shown: list[Tensor]
    recorded: bool
    records: bool
    modes: list[bool]
    prompt: Any


@dataclass(frozen=True)
class Batches:
    """What `draw_batches` collected: X and y of all batches, and the text afterwards."""

    X: Any
    y: Any
    tokens: Any


def generated(submission: Submission, *args: Any, **options: Any) -> Generated:
    """`probes.watch_generate` with these arguments."""
    return _generated(submission.probes.watch_generate(*args, **options))


def generated_on(submission: Submission, *args: Any) -> Generated:
    """`probes.watch_generate_on` with these arguments."""
    return _generated(submission.probes.watch_generate_on(*args))


def _generated(report: Any) -> Generated:
    fields = _fields(report, "result", "device", "shown", "recorded", "records", "modes", "prompt")
    return Generated(
        result=fields["result"],
        device=_is(str, fields["device"]),
        shown=_all(Tensor, fields["shown"]),
        recorded=_is(bool, fields["recorded"]),
        records=_is(bool, fields["records"]),
        modes=_all(bool, fields["modes"]),
        prompt=fields["prompt"],
    )


def batches(submission: Submission, *args: Any, **options: Any) -> Batches:
    """`probes.draw_batches` with these arguments."""
    fields = _fields(submission.probes.draw_batches(*args, **options), "X", "y", "tokens")
    return Batches(fields["X"], fields["y"], fields["tokens"])


def places_of_batch(submission: Submission, *args: Any, **options: Any) -> tuple[str, str, str]:
    """Where X, y and the text are after `probes.batch_on` with these arguments."""
    fields = _fields(submission.probes.batch_on(*args, **options), "X", "y", "places")
    X, y, text = _all(str, fields["places"], 3)
    return X, y, text


def place_of_result(submission: Submission, function: Any, args: list[Any], device: str) -> str:
    """Where `function` leaves its result when all is on `device`."""
    return _is(str, submission.probes.place_of_result(function, args, device))


def inputs_after(submission: Submission, function: Any, *args: Tensor) -> list[Tensor]:
    """The tensors that `function` was called with, as they are afterwards."""
    fields = _fields(submission.probes.call_keeping_inputs(function, *args), "result", "inputs")
    return _all(Tensor, fields["inputs"], len(args))


def parameters(submission: Submission, module: Any) -> dict[str, Tensor]:
    """Every parameter of a module by name: floating-point tensors with something in them."""
    return _named(submission.probes.get_parameters(module))


def parameter_shapes(submission: Submission, module: Any) -> dict[str, list[int]]:
    """The shape of every parameter of a module by name: there is something in each."""
    found = _is(dict, submission.probes.parameter_shapes(module))
    _all(str, list(found))
    shapes = {name: _all(int, shape) for name, shape in found.items()}
    _require(all(size > 0 for shape in shapes.values() for size in shape))
    _require(sum(math.prod(shape) for shape in shapes.values()) <= MOST_NUMBERS)
    return shapes


def parameter_gradients(submission: Submission, module: Any, x: Tensor, cotangent: Tensor) -> dict[str, Tensor]:
    """The gradients of (module(x) * cotangent).sum() with respect to each parameter, by name."""
    return _named(submission.probes.parameter_gradients(module, x, cotangent))


def input_gradients(
    submission: Submission, function: Callable[..., Any], cotangent: Tensor, *inputs: Tensor
) -> list[Tensor]:
    """The gradients of (function(*inputs) * cotangent).sum() with respect to each input."""
    return _all(Tensor, submission.probes.input_gradients(function, cotangent, *inputs), len(inputs))


def shown_to(submission: Submission, model: Any) -> list[Tensor]:
    """The batches that a `bigram` was given."""
    return _all(Tensor, _fields(submission.probes.seen_by(model), "shown", "recorded")["shown"])


def recorded_by(submission: Submission, model: Any) -> list[bool]:
    """Whether a `bigram` was recording a gradient, at each call."""
    return _all(bool, _fields(submission.probes.seen_by(model), "shown", "recorded")["recorded"])


def doubles_were_called(submission: Submission) -> bool:
    """Whether any stand-in computed anything."""
    return _is(bool, submission.probes.doubles_were_called())


def width(window: Tensor) -> int:
    """The number of tokens in each row of what a model was given, 0 for a tensor without dimensions."""
    return window.shape[-1] if window.dim() else 0


def _named(report: Any) -> dict[str, Tensor]:
    found = _is(dict, report)
    _all(str, list(found))
    values = _all(Tensor, list(found.values()))
    _require(all(value.is_floating_point() and value.numel() > 0 for value in values))
    _require(sum(value.numel() for value in values) <= MOST_NUMBERS)
    return found


def _fields(report: Any, *names: str) -> dict[str, Any]:
    found = _is(dict, report)
    _require(set(found) == set(names))
    return found


def _all(kind: type[Value], values: Any, count: int | None = None) -> list[Value]:
    found = _is(list, values)
    _require(all(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for value in found))
    _require(count is None or len(found) == count)
    return found


def _is(kind: type[Value], value: Any) -> Value:
    _require(isinstance(value, kind))
    return value  # type: ignore[no-any-return]


def _require(condition: bool) -> None:
    if not condition:
        raise BadReply(["BadReply"], "the submission's process reported something that no honest code leads to")
