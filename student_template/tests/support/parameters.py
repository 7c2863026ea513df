"""The modules and parameters of a module as PyTorch holds them, whatever the module's own methods say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

# A class may have something of its own under the name `__dict__`, and say that its objects are of another class.
attributes_of: Callable[[nn.Module], dict[str, Any]] = nn.Module.__dict__["__dict__"].__get__


def parameters_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """Every parameter by name, each once, in the order of `named_parameters`, which a class may override."""
    found: dict[str, nn.Parameter] = {}
    seen = set[int]()
    for prefix, part in _parts_of(module, "", set()):
        for name, value in dict.items(attributes_of(part).get("_parameters", {})):
            if value is not None and id(value) not in seen:
                seen.add(id(value))
                found[prefix + name] = value
    return found


def modules_of(module: nn.Module) -> list[nn.Module]:
    """The module and all modules in it, each once."""
    return [part for _, part in _parts_of(module, "", set())]


def _parts_of(module: nn.Module, prefix: str, seen: set[int]) -> Iterator[tuple[str, nn.Module]]:
    if id(module) in seen or not issubclass(type(module), nn.Module):
        return
    seen.add(id(module))
    yield prefix, module
    for name, child in dict.items(attributes_of(module).get("_modules", {})):
        yield from _parts_of(child, f"{prefix}{name}.", seen)
