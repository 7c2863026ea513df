"""Evidence that has to be gathered beside the student's code: gradients, devices, inputs after a call.

A probe reports what it saw, as tensors and plain values; it never judges. In the grader it runs in the
submission's process, so nothing that it returns is taken for more than the submission's own word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from support import doubles
from support.device_probes import batch_on as batch_on
from support.device_probes import decode_on as decode_on
from support.device_probes import estimate_on as estimate_on
from support.device_probes import make_available as make_available
from support.device_probes import place_of_mixed as place_of_mixed
from support.device_probes import place_of_result as place_of_result
from support.device_probes import train_on as train_on
from support.device_probes import watch_generate_on as watch_generate_on
from support.interface import NotThere
from support.parameters import parameters_of
from support.shortcuts import forbid as forbid
from support.stub_models import bigram as bigram
from support.stub_models import draw_batches as draw_batches
from support.stub_models import loss_gradient as loss_gradient
from support.stub_models import seen_by as seen_by
from support.stub_models import watch_generate as watch_generate
from support.tracing import trace as trace
from support.training_probes import logits_on as logits_on
from support.training_probes import seed_torch as seed_torch
from support.training_probes import train_short as train_short
from support.turns import OURS, Theirs, Turns, call, numbers, probe

_gradient: Callable[[Tensor], Any] = vars(torch._C.TensorBase)["grad"].__get__
_replaced: list[tuple[Any, Any]] = []  # the student's own parts, and what stands in for them
_calls: list[str] = []


def set_parameters(module: nn.Module, values: dict[str, Tensor], *, strict: bool = True) -> None:
    """Copy `values` into the module's parameters by name.

    Raises NotThere when a name is missing and ValueError when a shape differs; those are left out, not `strict`.
    """
    parameters = parameters_of(module)
    for name, value in values.items():
        if not strict and (name not in parameters or parameters[name].shape != value.shape):
            continue
        if name not in parameters:
            raise NotThere(f"{type(module).__name__} has no parameter of its own named {name!r}")
        if parameters[name].shape != value.shape:
            wanted, found = list(value.shape), list(parameters[name].shape)
            raise ValueError(f"parameter {name!r} should have shape {wanted}, but has {found}")
        with torch.no_grad():
            parameters[name].copy_(value)


def get_parameters(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter by name."""
    return {name: value.detach().clone() for name, value in parameters_of(module).items()}


def parameter_shapes(module: nn.Module) -> dict[str, list[int]]:
    """The shape of every parameter by name."""
    return {name: list(value.shape) for name, value in parameters_of(module).items()}


def generator(seed: int) -> torch.Generator:
    """A CPU random generator in the state that `seed` gives."""
    return torch.Generator().manual_seed(seed)


@probe
def call_keeping_inputs(function: Callable[..., Any], *args: Any) -> Turns:
    """Call `function` and return its `result` beside the tensor arguments as they are afterwards, `inputs`."""
    inputs = [value for value in args if type(value) in OURS]
    result = yield from call(function, *args)
    return {"result": Theirs(result), "inputs": [numbers(value) for value in inputs]}


def error_of(function: Callable[..., Any], *args: Any) -> list[str]:
    """The names of the exception's class and its bases when `function` raises one, else nothing."""
    try:
        function(*args)
    except Exception as error:
        return [kind.__name__ for kind in type(error).__mro__]
    return []


@probe
def gradients(function: Callable[..., Tensor], x: Tensor, cotangent: Tensor) -> Turns:
    """The gradient of (function(x) * cotangent).sum() with respect to `x`, in the shape of `x`."""
    leaf = x.detach().clone().requires_grad_(True)
    yield from call(_go_back, function, [leaf], cotangent)
    return _gradient_of(leaf)


@probe
def input_gradients(function: Callable[..., Tensor], cotangent: Tensor, *inputs: Tensor) -> Turns:
    """The gradients of (function(*inputs) * cotangent).sum() with respect to each input; 0 where none."""
    leaves = [value.detach().clone().requires_grad_(True) for value in inputs]
    # Copies, so that a function that writes into its inputs is not refused here: other checks see to that.
    yield from call(_go_back, function, [leaf.clone() for leaf in leaves], cotangent)
    return [_gradient_of(leaf) for leaf in leaves]


def _go_back(function: Callable[..., Tensor], inputs: list[Tensor], cotangent: Tensor) -> None:
    torch.autograd.backward((function(*inputs) * cotangent).sum())


def _gradient_of(leaf: Tensor) -> Any:
    gradient = _gradient(leaf)
    return torch.zeros_like(leaf) if gradient is None else numbers(gradient)


@probe
def parameter_gradients(module: nn.Module, x: Tensor, cotangent: Tensor) -> Turns:
    """The gradients of (module(x) * cotangent).sum() with respect to each parameter, by name; 0 where none."""
    yield from call(_go_back_from, module, x, cotangent)
    return {name: _gradient_of(value) for name, value in parameters_of(module).items()}


def _go_back_from(module: nn.Module, x: Tensor, cotangent: Tensor) -> None:
    module.zero_grad()
    _go_back(module, [x], cotangent)


def install_doubles(parts: list[str]) -> None:
    """Put the stand-ins of `support.doubles` in the place of these parts, wherever `charlm` holds them."""
    _calls.clear()
    for part in parts:
        stand_in = _counted(getattr(doubles, part))
        original = _find(part)
        _replaced.append((original, stand_in))
        _exchange(original, stand_in)


def remove_doubles() -> None:
    """Put the student's own parts back, also in modules that were imported meanwhile."""
    while _replaced:
        original, stand_in = _replaced.pop()
        _exchange(stand_in, original)


def doubles_were_called() -> bool:
    """Whether any stand-in computed anything since `install_doubles`."""
    return bool(_calls)


def _counted(stand_in: Any) -> Any:
    if not isinstance(stand_in, type):

        def function(*args: Any, **kwargs: Any) -> Any:
            _calls.append(stand_in.__name__)
            return stand_in(*args, **kwargs)

        return function

    def forward(self: nn.Module, *args: Any) -> Any:
        _calls.append(stand_in.__name__)
        return vars(stand_in)["forward"](self, *args)

    return type(stand_in.__name__, (stand_in,), {"forward": forward})


def _find(part: str) -> Any:
    for name in ("attention", "model", "data", "training", "tokenizer"):
        module = sys.modules.get(f"charlm.{name}")
        if module is None:
            module = __import__(f"charlm.{name}", fromlist=[name])
        found = vars(module).get(part)
        if found is not None:
            return found
    raise AttributeError(f"charlm has nothing named {part!r}")


def _exchange(old: Any, new: Any) -> None:
    for module in [module for name, module in list(sys.modules.items()) if name.startswith("charlm.")]:
        for name, value in list(vars(module).items()):
            if value is old:
                setattr(module, name, new)


# What the grader's worker looks up, not the attribute: that of any function can be set.
STEPS = {found: found.steps for found in tuple(vars(sys.modules[__name__]).values()) if hasattr(found, "steps")}
