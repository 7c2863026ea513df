"""Which tensors of two devices may meet in one operator, as CUDA has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

NAME = "gpu"
IsSimulated = Callable[[torch.Tensor], bool]

# Arguments that are read from either device: copied over, or read as one number.
FREE_ARGUMENTS = {
    "copy_": frozenset(("src",)),
    "copy": frozenset(("src",)),
    "slice_scatter": frozenset(("src",)),
    "bernoulli": frozenset(("p",)),
    "bernoulli_": frozenset(("p",)),
    "_copy_from": frozenset(
        (
            "self",
            "dst",
        )
    ),
    "fill_": frozenset(("value",)),
    "fill": frozenset(("value",)),
    "index_fill_": frozenset(("value",)),
    "index_fill": frozenset(("value",)),
}
INDEXING = frozenset(("index", "_unsafe_index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index_put"))
# Elementwise operators that carry no `pointwise` tag and yet take a CPU number.
NUMBER_TAKERS = frozenset(
    ("masked_fill", "linspace", "logspace", "floor_divide", "rsub", "dist", "binary_cross_entropy_with_logits")
)
# Those that take one for these arguments only.
NUMBER_ARGUMENTS = {"binary_cross_entropy": frozenset(("weight",))}
# Those that carry the tag and yet take none.
NO_NUMBER_TAKERS = frozenset(
    (
        *("addcdiv", "clamp", "clamp_min", "clamp_max", "gcd", "igamma", "igammac", "lcm", "logaddexp", "logaddexp2"),
        *("nextafter", "native_dropout_backward"),
        *(f"{function}_backward" for function in ("gelu", "logit", "mish", "sigmoid", "silu", "tanh", "threshold")),
    )
)


def check_mixing(
    func: torch._ops.OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any], is_simulated: IsSimulated
) -> None:
    """Raise PyTorch's same-device RuntimeError unless CUDA lets `func` have these arguments."""
    operator = func._schema.name.removeprefix("aten::")
    if operator in INDEXING:
        _check_indexing(operator, args, kwargs, is_simulated)
        return
    free = FREE_ARGUMENTS.get(operator, frozenset())
    takes_numbers = _takes_cpu_numbers(func, operator)
    numbers = NUMBER_ARGUMENTS.get(operator)
    devices: set[bool] = set()
    culprit = ""
    for name, is_written, tensor in _tensors(func, args, kwargs):
        if name in free:
            continue
        simulated = is_simulated(tensor)
        may_be_number = takes_numbers if numbers is None else name in numbers
        if not simulated and tensor.dim() == 0 and may_be_number and not is_written:
            continue
        if devices and simulated not in devices and not culprit:
            culprit = name
        devices.add(simulated)
    if culprit:
        raise same_device_error(culprit, operator)


def same_device_error(argument: str, operator: str) -> RuntimeError:
    return RuntimeError(
        f"Expected all tensors to be on the same device, but found at least two devices, {NAME}:0 and cpu! "
        f"(when checking argument for argument {argument} in operator {operator})"
    )


def check_generator(generator_device: str, device: str) -> None:
    """Raise RuntimeError when random numbers for one device would come from the generator of another."""
    if generator_device != device:
        raise RuntimeError(f"Expected a '{device}' device type for generator but found '{generator_device}'")


def _check_indexing(operator: str, args: tuple[Any, ...], kwargs: dict[str, Any], is_simulated: IsSimulated) -> None:
    """An index may be on the CPU or beside the indexed tensor; what is stored must be beside it."""
    target, indices = args[0], [index for index in args[1] if index is not None]
    on_device = is_simulated(target)
    if not on_device and any(is_simulated(index) for index in indices):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    values = args[2] if len(args) > 2 else kwargs.get("values")
    if values is None or values.dim() == 0 or is_simulated(values) is on_device:
        return
    # CUDA turns `x[mask] = one number` into masked_fill, which reads the number from anywhere.
    is_fill = (
        on_device
        and values.numel() == 1
        and len(indices) == 1
        and indices[0].dtype is torch.bool
        and is_simulated(indices[0])
    )
    if not is_fill:
        raise same_device_error("values", operator)


def _takes_cpu_numbers(func: torch._ops.OpOverload, operator: str) -> bool:
    """Whether a 0-dimensional CPU tensor may stand for a number in this operator."""
    base = operator.removesuffix("_")
    if base in NO_NUMBER_TAKERS:
        return False
    if operator.startswith("_foreach_") or base in NUMBER_TAKERS or torch.Tag.pointwise in func.tags:
        return True
    functional = getattr(torch.ops.aten, base, None)
    overload = getattr(functional, func._overloadname, None) if functional else None
    return overload is not None and torch.Tag.pointwise in overload.tags


def _tensors(
    func: torch._ops.OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, bool, torch.Tensor]]:
    """Name of the argument, whether the operator writes into it, and each tensor in it."""
    for position, argument in enumerate(func._schema.arguments):
        value = args[position] if position < len(args) else kwargs.get(argument.name)
        is_written = argument.alias_info is not None and argument.alias_info.is_write
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, torch.Tensor):
                yield argument.name, is_written, item
