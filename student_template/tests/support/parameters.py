"""The parameters of a module as PyTorch holds them, whatever the module's own methods say."""

from __future__ import annotations

from typing import Any

from torch import nn

_attributes = object.__getattribute__


def parameters_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """Every parameter by name, each once, in the order of `named_parameters`, which a class may override."""
    found: dict[str, nn.Parameter] = {}
    _gather(module, "", found, set(), set())
    return found


def _gather(
    module: nn.Module, prefix: str, found: dict[str, nn.Parameter], modules: set[int], parameters: set[int]
) -> None:
    if id(module) in modules:
        return
    modules.add(id(module))
    held: dict[str, Any] = _attributes(module, "__dict__")
    for name, value in dict.items(held.get("_parameters", {})):
        if value is not None and id(value) not in parameters:
            parameters.add(id(value))
            found[prefix + name] = value
    for name, child in dict.items(held.get("_modules", {})):
        if isinstance(child, nn.Module):
            _gather(child, f"{prefix}{name}.", found, modules, parameters)
