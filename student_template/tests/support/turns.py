"""Probes that take turns with student code: while that runs, they wait where it cannot see them.

What is on the stack, any function can look at and change. A probe that yields what is to be called, instead of calling
it, is not on the stack: the grader's worker holds it meanwhile, and looks whether all is as it should be before it
goes on. What a probe does itself must not run student code, so not even methods of an object of a student's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from support.simulated.tensor import SimulatedTensor

Turn: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
Outcome: TypeAlias = tuple[bool, Any]  # whether it returned something, and that or what it raised
Turns: TypeAlias = Generator[Turn, Outcome, Any]

OURS = (Tensor, nn.Parameter, SimulatedTensor)  # tensors of these very types run nobody else's code


class Theirs:
    """Marks, in what a probe returns, a value that a student's function made."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Turns:
    """What `function` returns. Raises what it raises."""
    returned, value = yield function, args, kwargs
    if not returned:
        raise value
    return value


def run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
    """Call `function` and say how that went."""
    try:
        return True, function(*args, **kwargs)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are mistakes of the student's, too
        return False, error


def finish(turns: Turns) -> Any:
    """Take all turns here and now, and return what comes of them."""
    outcome = None
    try:
        while True:
            outcome = run(*turns.send(outcome))  # type: ignore[arg-type]
    except StopIteration as end:
        return end.value


def probe(steps: Callable[..., Turns]) -> Callable[..., Any]:
    """A probe as a function, for a laptop, that has its `steps` for the worker of the grader."""

    @functools.wraps(steps)
    def whole(*args: Any, **kwargs: Any) -> Any:
        return _shown(finish(steps(*args, **kwargs)))

    whole.steps = steps  # type: ignore[attr-defined]
    return whole


def _shown(report: Any) -> Any:
    if isinstance(report, dict):
        return {name: _shown(value) for name, value in report.items()}
    return report.value if isinstance(report, Theirs) else report


def numbers(tensor: Tensor) -> Any:
    """A copy on the CPU of a tensor of our own. What a student put in its place is the student's."""
    if type(tensor) not in OURS:
        return Theirs(tensor)
    with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
        return _clone(_cpu(_detach(tensor)))


_detach, _cpu, _clone = (vars(torch._C.TensorBase)[name] for name in ("detach", "cpu", "clone"))
