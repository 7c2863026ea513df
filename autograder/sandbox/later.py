"""Parts of PyTorch that take as long to import as the rest of it, and that a homework uses only by compiling.

PyTorch imports them by itself: the compiler at an optimiser's first step, to say where compiling has to stop, and when
algorithms have to be deterministic; the distributed tensor at the first operator of a tensor written in Python, to see
that it is none. What they are asked then is answered here; when anybody asks for more, the part itself is imported.

Compiling is left out: it would take longer than all else, wants a C++ compiler, which the platform's machines lack, and
changes nothing about what a model computes.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

COMPILER, DISTRIBUTED = "torch._dynamo", "torch.distributed.tensor"
# Settings are often changed, and seldom read.
SETTINGS = ("torch._dynamo.config", "torch._inductor", "torch._inductor.config")


class Later(types.ModuleType):
    """Stands for a module until it is asked for something beyond `known`, or beyond what was set since."""

    def __init__(self, name: str, known: dict[str, Any]) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        """From the module itself, which takes this one's place. Raises AttributeError when it has no such name."""
        # Whoever looks through all modules for a name, as `inspect` and `pickle` do, means none of them.
        if name != "__path__" and (name.startswith("__") or name not in _names_in(self.__name__)):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(_itself(self.__name__), name)


class NoTensor(torch.Tensor):
    """There is none of this class."""


def put_off() -> None:
    """From now on in this process, import these modules when they are used, unless they have been imported."""
    _put_off(COMPILER, {"graph_break": lambda: None, "disable": left_as_it_is})
    torch.compile = left_as_it_is
    for name in SETTINGS:
        _put_off(name, {})
    if torch.distributed.is_available():
        _put_off(DISTRIBUTED, {"DTensor": NoTensor})


def left_as_it_is(model: Callable[..., Any] | None = None, *_: object, **options: Any) -> Any:
    """The same function or module; without one, a decorator that does nothing. In the place of `torch.compile`."""
    return left_as_it_is if model is None else model


def _put_off(name: str, known: dict[str, Any]) -> None:
    if name not in sys.modules:
        parent, _, child = name.rpartition(".")
        sys.modules[name] = Later(name, known)
        setattr(importlib.import_module(parent), child, sys.modules[name])


def _itself(name: str) -> types.ModuleType:
    """The module itself. What stands for one that it lies in, or for one in it, makes way as well."""
    standing_in = [other for other, module in list(sys.modules.items()) if type(module) is Later]
    for other in standing_in:
        if f"{other}.".startswith(f"{name}.") or f"{name}.".startswith(f"{other}."):
            del sys.modules[other]
    before = torch.manual_seed
    try:
        return importlib.import_module(name)
    finally:
        torch.manual_seed = before  # the compiler wraps it, as if the submission had replaced it


@functools.cache
def _names_in(module: str) -> frozenset[str]:
    """Every name that a module of PyTorch's mentions, and of a package those of the files beside it."""
    place = Path(torch.__file__).parent.joinpath(*module.split(".")[1:])
    files = list(place.iterdir()) if place.is_dir() else []
    source = place / "__init__.py" if files else place.with_suffix(".py")
    return frozenset(re.findall(r"\w+", source.read_text(encoding="utf-8"))) | {file.stem for file in files}
