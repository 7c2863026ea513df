"""Notices when student code has replaced something that probes and replies rely on, such as `torch.Tensor.device`.

Taken before any student code is imported, a seal knows the functions, classes and descriptors of the modules and
classes below: which object stands under which name, and which code it runs. What was replaced, removed, or hidden by
something new of the same name is the submission's error, and the sentence names it. New names are fine.

It makes a careless or a casually dishonest submission show. It does not stop a determined one: whatever runs in this
process can find the seal in memory and mend it, write into functions' machine state by ctypes, put everything back
before it is looked at, change what is data (the lists inside a module, hooks that PyTorch offers), lie through
objects of its own classes, or write answers to the socket itself. So nothing that a worker says is taken for more
than the submission's own word.
"""

from __future__ import annotations

import builtins
import importlib
import operator
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import nn
from torch.utils._device import DeviceContext

from support.shortcuts import Refusing

LIBRARIES = (  # of these, what the code of our own uses, and what that uses in turn
    *("builtins", "json", "json.encoder", "json.decoder", "struct", "safetensors", "safetensors.torch", "numpy"),
    *("torch", "torch._C._nn", "torch._tensor", "torch.autograd", "torch.autograd.graph", "torch.autograd.grad_mode"),
    *("torch.nn", "torch.nn.functional", "torch.nn.modules.module", "torch.nn.parameter", "torch.random"),
)
TEMPTING = {
    "allclose",
    "backward",
    "equal",
    "functional",
    "isclose",
    "isnan",
    "softmax",
}  # replaced to no end, but worth a sentence
OWN = (  # of these every name counts, whatever it holds
    *(f"autograder.sandbox.{name}" for name in ("codec", "failures", "seal", "wire", "worker")),
    *("support.doubles", "support.device_probes", "support.probes", "support.simulated_device", "support.simulated"),
    *("support.parameters", "support.shortcuts", "support.stub_models", "support.tracing", "support.training_probes"),
)
CLASSES: dict[str, type] = {
    **{f"torch.{owner.__name__}": owner for owner in (torch.Tensor, torch.Generator, torch.no_grad, torch.enable_grad)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Parameter, nn.Module, nn.ModuleList, nn.Linear)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Embedding, nn.LayerNorm)},
}
DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, type(None), types.GenericAlias)
# What changes by itself: `torch.Storage` with the default dtype, the others with any use of the module.
NOT_SEALED = {"Storage", "__builtins__", "__annotations__", "__warningregistry__", "__spec__", "__annotate_func__"}
COMPILER = {"__init__", "__setstate__"}  # of nn.Module, which torch.compile replaces
_get: Callable[[Any], dict[str, Any]] = types.ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
_vars, _mro = type.__dict__["__dict__"].__get__, type.__dict__["__mro__"].__get__
_code = operator.attrgetter("__code__", "__defaults__", "__kwdefaults__")


class Replaced(Exception):
    """Student code replaced something that grading relies on, so what it answers says nothing."""


class Namespace:
    """What a module or a class had under which name; `hidden` are the names that a new entry would hide."""

    def __init__(self, name: str, owner: Any, used: set[str] | None) -> None:
        """`used` are the names of a library's module that count; without them all do, whatever they stand for."""
        self.name, self._owner, self._type = name, owner, type(owner)
        is_class = isinstance(owner, type)
        self._mro = _mro(owner) if is_class else None
        self._found = _vars(owner) if is_class else _get(owner)
        left_out = NOT_SEALED | (COMPILER if owner is nn.Module else set())
        kept = {
            key: value
            for key, value in self._found.items()
            if key not in left_out and (used is None or (not isinstance(value, DATA) and (is_class or key in used)))
        }
        self.names, self.values = tuple(kept), tuple(kept.values())
        inherited = [_vars(base) for base in _mro(owner)[1:]] if is_class else [_get(builtins)]
        self._hidden = {key for found in inherited for key in found} - set(self._found) - {"__doc__"}
        self._count = len(self._found)

    def replaced(self) -> str | None:
        """The name of what is no longer what it was, if anything is not."""
        owner = self._owner
        if type(owner) is not self._type or (self._mro is not None and _mro(owner) is not self._mro):
            return self.name
        found = self._found
        if not all(map(operator.is_, map(found.get, self.names), self.values)):
            pairs = zip(self.names, self.values, strict=True)
            return next(f"{self.name}.{key}" for key, value in pairs if found.get(key) is not value)
        # One name may have gone while another came; in a class, where that tells more, it is always looked at.
        looked_at = self._mro is not None or len(found) != self._count
        if looked_at and not self._hidden.isdisjoint(found):
            return f"{self.name}.{min(self._hidden.intersection(found))}"
        return None


class Seal:
    """Take one before any student code is imported: it remembers what there is now."""

    def __init__(self) -> None:
        self._spaces = _namespaces()
        functions = {id(value): (name, value) for name, value in self._functions()}
        self._named = [name for name, _ in functions.values()]
        self._functions_now = [value for _, value in functions.values()]
        self._codes = [part for value in self._functions_now for part in _code(value)]
        self._watchers = _watchers()

    def check(self) -> None:
        """Raises Replaced when something is not as it was."""
        name = self.broken()
        if name is not None:
            raise Replaced(f"your code replaces {name}, which grading relies on; define something of your own instead")

    def broken(self) -> str | None:
        """The name of something that was replaced since; None when all is as it was."""
        for space in self._spaces:
            name = space.replaced()
            if name is not None:
                return name
        now = [part for value in map(_code, self._functions_now) for part in value]
        if not all(map(operator.is_, now, self._codes)):
            changed = map(operator.is_not, now, self._codes)
            return next(self._named[index // 3] for index, other in enumerate(changed) if other)
        if not all(map(operator.is_, _watchers(), self._watchers)):
            return "what Python's functions do, by a trace or a profile that it never ends"
        return _mode_left()

    def _functions(self) -> Iterator[tuple[str, types.FunctionType]]:
        for space in self._spaces:
            for key, value in zip(space.names, space.values, strict=True):
                yield from ((f"{space.name}.{key}", function) for function in _inside(value))


def _namespaces() -> list[Namespace]:
    modules = {name: importlib.import_module(name) for name in LIBRARIES if name != "torch._C._nn"}
    modules["torch._C._nn"] = torch._C._nn
    own = {name: module for name, module in sys.modules.items() if name.startswith(OWN)}
    own_classes = {f"{owner.__module__}.{owner.__qualname__}": owner for owner in _own_classes(own.values())}
    ours: list[Namespace] = [Namespace(name, owner, None) for name, owner in {**own, **own_classes}.items()]
    theirs: dict[str, Any] = {**modules, **CLASSES}
    used = TEMPTING | _used_by(ours)
    used |= _used_by(Namespace(name, owner, used) for name, owner in theirs.items())
    return [*ours, *(Namespace(name, owner, used) for name, owner in theirs.items())]


def _used_by(spaces: Iterable[Namespace]) -> set[str]:
    """Every name that the code of the functions in these namespaces mentions."""
    codes = [function.__code__ for space in spaces for value in space.values for function in _inside(value)]
    names = set[str]()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return names


def _own_classes(modules: Iterable[types.ModuleType]) -> Iterator[type]:
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield value


def _inside(value: object) -> Iterator[types.FunctionType]:
    """The Python functions that run when `value` is used: itself, those it wraps, a property's, a method's."""
    if isinstance(value, types.FunctionType):
        yield value
        for cell in value.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # still empty
                continue
            if isinstance(content, types.FunctionType):
                yield content
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _inside(value.__func__)
    elif isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from _inside(part)


def _watchers(
    trace: Callable[[], object] = sys.gettrace, profile: Callable[[], object] = sys.getprofile
) -> tuple[object, object]:
    """What is told of every line and call, also of our own, and so can change what these find."""
    return trace(), profile()


def _mode_left(
    length: Callable[[], int] = torch._C._len_torch_function_stack,
    dispatching: Callable[[], int] = torch._C._len_torch_dispatch_stack,
) -> str | None:
    """A mode that was entered and never left sees every operation. Meant to are the default device's and our own."""
    if dispatching():
        return "what PyTorch's operators do, by a mode that it never leaves"
    for index in range(length()):
        if type(torch._C._get_function_stack_at(index)) not in (DeviceContext, Refusing):
            return "what PyTorch's functions do, by a mode that it never leaves"
    return None
