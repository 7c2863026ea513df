"""Parts of PyTorch that take as long to import as the rest of it, and that a homework uses only by compiling.

PyTorch imports them by itself: the compiler at an optimiser's first step, to say where compiling has to stop, and the
distributed tensor at the first operator of a tensor written in Python, to see that it is none. What they are asked then
is answered here; when anybody asks for more, the part itself is imported.

Compiling is left out: it would take longer than all else, wants a C++ compiler, which the platform's machines lack, and
changes nothing about what a model computes.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

import torch

COMPILER, DISTRIBUTED = "torch._dynamo", "torch.distributed.tensor"


class Later(types.ModuleType):
    """Stands for a module until it is asked for something beyond `known`."""

    def __init__(self, name: str, known: dict[str, Any]) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        """From the module itself, which takes this one's place. Raises AttributeError when it has no such name."""
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)  # whoever looks through all modules, as `inspect` does, means none of them
        return getattr(_itself(self.__name__), name)


class NoTensor(torch.Tensor):
    """There is none of this class."""


def put_off() -> None:
    """From now on in this process, import these modules when they are used, unless they have been imported."""
    _put_off(COMPILER, {"graph_break": lambda: None, "disable": left_as_it_is})
    torch.compile = left_as_it_is
    if torch.distributed.is_available():
        _put_off(DISTRIBUTED, {"DTensor": NoTensor})


def _put_off(name: str, known: dict[str, Any]) -> None:
    if name not in sys.modules:
        parent, _, child = name.rpartition(".")
        sys.modules[name] = Later(name, known)
        setattr(importlib.import_module(parent), child, sys.modules[name])


def _itself(name: str) -> types.ModuleType:
    before = torch.manual_seed
    if isinstance(sys.modules.get(name), Later):
        del sys.modules[name]
    try:
        return importlib.import_module(name)
    finally:
        torch.manual_seed = before  # the compiler wraps it, as if the submission had replaced it


def left_as_it_is(model: Callable[..., Any] | None = None, *_: object, **options: Any) -> Any:
    """The same function or module; without one, a decorator that does nothing. In the place of `torch.compile`."""
    return left_as_it_is if model is None else model
