"""Notices when student code has replaced something that probes and replies rely on, such as `torch.Tensor.device`.

Taken before any student code is imported, a seal knows the functions, classes and descriptors of the modules and
classes below: which object stands under which name, which code it runs, and what our own lists, dicts and closures
hold. What was replaced, removed, or hidden by something new of the same name is the submission's error, and the
sentence names it. New names are fine.

So that nobody replaces the seal itself, there is no class in this module, as every class can be found; its functions
use builtins of their own; and whoever takes a seal lets go of the module. `conversation.py` says how the seal is
held, and that it is looked at whenever student code gives way to ours. What is left to code that knows all this: write
into the machine's memory, put kernels of its own under PyTorch's operators and take them away again, or lie through
objects of its own classes. So nothing that a worker says is taken for more than the submission's own word.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import operator
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import torch
from torch import nn
from torch.utils._device import DeviceContext

from support.shortcuts import Refusing
from support.simulated.generators import GeneratorOfAnyDevice
from support.simulated.tensor import SimulationMode

if TYPE_CHECKING:

    class Broken(Protocol):
        """Says what was replaced, None when nothing was. `midway`: in a moment's rest of a probe."""

        def __call__(self, midway: bool = False) -> str | None: ...


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
    *(f"autograder.sandbox.{name}" for name in ("codec", "conversation", "failures", "wire", "worker")),
    *("support.doubles", "support.device_probes", "support.probes", "support.simulated_device", "support.simulated"),
    *(
        "support.interface",
        "support.parameters",
        "support.shortcuts",
        "support.stub_models",
        "support.tracing",
        "support.training_probes",
        "support.turns",
    ),
)
CLASSES: dict[str, type] = {
    **{f"torch.{owner.__name__}": owner for owner in (torch.Tensor, torch.Generator, torch.no_grad, torch.enable_grad)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Parameter, nn.Module, nn.ModuleList, nn.Linear)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Embedding, nn.LayerNorm)},
}
DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, type(None), types.GenericAlias)
# What changes by itself: `torch.Storage` with the default dtype, the others with any use of the module.
MEANWHILE: dict[str, object] = {"torch.Generator": GeneratorOfAnyDevice}  # what a probe of devices itself puts there
CHANGING = {"support.probes._originals", "support.probes._calls", "support.shortcuts._modes"}
NOT_SEALED = {"Storage", "__builtins__", "__annotations__", "__warningregistry__", "__spec__", "__annotate_func__"}
COMPILER = {"__init__", "__setstate__"}  # of nn.Module, which torch.compile replaces
_get: Callable[[Any], dict[str, Any]] = types.ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]
_vars, _mro = type.__dict__["__dict__"].__get__, type.__dict__["__mro__"].__get__
_code = operator.attrgetter("__code__", "__defaults__", "__kwdefaults__")
_is, _held = operator.is_, gc.get_referents


# What a module or a class had: its name, the names and values that count, and what says which of them was replaced.
Namespace: TypeAlias = tuple[str, tuple[str, ...], tuple[Any, ...], Callable[[], "str | None"]]

# Something that holds other things, with its name.
Holder: TypeAlias = tuple[str, object]

# Functions take their builtins from here when they are defined, and from then on nobody else's change reaches them.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]


def take() -> tuple[Broken, list[object]]:
    """Remember what there is now.

    Returns what says the name of something replaced since (None when nothing was), and a list that is not empty while
    it looks at functions through `gc`: each look at their `__code__` would be an audit event of its own.
    """
    ours, theirs = _namespaces()
    spaces = [*ours, *theirs]
    functions = {id(function): (name, function) for name, function in _functions(spaces)}
    named, found = [name for name, _ in functions.values()], tuple(function for _, function in functions.values())
    codes = [part for function in found for part in _code(function)]
    modes, looking = _modes(), list[object]()
    held: list[object] = []
    named_holders = list(_holders(ours, functions.values()))
    holders, contents = [holder for _, holder in named_holders], _held(*(holder for _, holder in named_holders))

    def broken(midway: bool = False) -> str | None:
        for *_, replaced in spaces:
            name = replaced()
            if name is not None:
                return name
        looking.append(None)
        now, content = _held(*found), _held(*holders)
        same = len(content) == len(contents) and all(map(_is, content, contents))
        changed = None if same else _changed(named_holders, [*contents])
        looking.clear()
        if changed is not None:
            return changed
        if len(now) == len(held) and all(map(_is, now, held)):
            return modes(midway)
        parts = [part for function in found for part in _code(function)]
        if not all(map(_is, parts, codes)):
            return next(named[index // 3] for index, part in enumerate(parts) if part is not codes[index])
        held[:] = now  # a docstring or annotations, made when they are first asked for
        return modes(midway)

    broken()  # so that what functions hold is known before any worker starts
    return broken, looking


def _namespaces() -> tuple[list[Namespace], list[Namespace]]:
    """Our own, and of the libraries' what those use."""
    modules = {name: importlib.import_module(name) for name in LIBRARIES if name != "torch._C._nn"}
    modules["torch._C._nn"] = torch._C._nn
    own = {name: module for name, module in sys.modules.items() if name.startswith(OWN)}
    own_classes = {f"{owner.__module__}.{owner.__qualname__}": owner for owner in _own_classes(own.values())}
    ours = [_namespace(name, owner, None) for name, owner in {**own, **own_classes}.items()]
    theirs: dict[str, Any] = {**modules, **CLASSES}
    used = TEMPTING | _used_by(ours)
    used |= _used_by(_namespace(name, owner, used) for name, owner in theirs.items())
    return ours, [_namespace(name, owner, used) for name, owner in theirs.items()]


def _namespace(name: str, owner: Any, used: set[str] | None) -> Namespace:
    """`used` are the names of a library's module that count; without them all do, whatever they stand for."""
    kind, is_class = type(owner), isinstance(owner, type)
    mro = _mro(owner) if is_class else None
    found = _vars(owner) if is_class else _get(owner)
    left_out = NOT_SEALED | (COMPILER if owner is nn.Module else set())
    kept = {
        key: value
        for key, value in found.items()
        if key not in left_out and (used is None or (not isinstance(value, DATA) and (is_class or key in used)))
    }
    names, values = tuple(kept), tuple(kept.values())
    inherited = [_vars(base) for base in _mro(owner)[1:]] if is_class else [_get(builtins)]
    hidden = {key for names in inherited for key in names} - set(found) - {"__doc__"}
    count = len(found)

    def replaced() -> str | None:
        if type(owner) is not kind or (mro is not None and _mro(owner) is not mro):
            return name
        if not all(map(_is, map(found.get, names), values)):
            others = [f"{name}.{key}" for key, value in zip(names, values, strict=True) if found.get(key) is not value]
            others = [key for key in others if found.get(key.rpartition(".")[2]) is not MEANWHILE.get(key, names)]
            if others:
                return others[0]
        # One name may have gone while another came; in a class, where that tells more, it is always looked at.
        looked_at = mro is not None or len(found) != count
        if looked_at and not hidden.isdisjoint(found):
            return f"{name}.{min(hidden.intersection(found))}"
        return None

    return name, names, values, replaced


def _changed(holders: Iterable[Holder], contents: list[object]) -> str:
    """The name of the first of these that no longer has its part of `contents`."""
    for name, holder in holders:
        now = _held(holder)
        if len(contents) < len(now) or not all(map(_is, now, contents)):
            return name
        del contents[: len(now)]
    return name


def _functions(spaces: Iterable[Namespace]) -> Iterator[tuple[str, types.FunctionType]]:
    for space, names, values, _ in spaces:
        for key, value in zip(names, values, strict=True):
            yield from ((f"{space}.{key}", function) for function in _inside(value))


def _used_by(spaces: Iterable[Namespace]) -> set[str]:
    """Every name that the code of the functions in these namespaces mentions."""
    codes = [function.__code__ for _, function in _functions(spaces)]
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


def _holders(ours: Iterable[Namespace], functions: Iterable[tuple[str, types.FunctionType]]) -> Iterator[Holder]:
    """The lists, dicts and sets of our own modules, the attributes of functions, and what these close over."""
    for space, names, values, _ in ours:
        waiting = [(f"{space}.{key}", value) for key, value in zip(names, values, strict=True)]
        while waiting:
            name, value = waiting.pop()
            if name not in CHANGING and type(value) in (list, dict, set):
                yield name, value
                waiting += [(name, part) for part in (value.values() if type(value) is dict else value)]
    for name, function in functions:
        cells = function.__closure__ or ()
        if name.startswith(OWN):
            yield from ((name, part) for part in (vars(function), function.__kwdefaults__, *cells) if part)
        else:  # a library's may keep what it has found out so far
            yield from ((name, cell) for cell in cells if isinstance(_content(cell), types.FunctionType))


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # still empty
        return None


def _inside(value: object) -> Iterator[types.FunctionType]:
    """The Python functions that run when `value` is used: itself, those it wraps, a property's, a method's."""
    if isinstance(value, types.FunctionType):
        yield value
        contents = map(_content, value.__closure__ or ())
        yield from (content for content in contents if isinstance(content, types.FunctionType))
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _inside(value.__func__)
    elif isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from _inside(part)


def _modes(
    length: Callable[[], int] = torch._C._len_torch_function_stack,
    dispatching: Callable[[], int] = torch._C._len_torch_dispatch_stack,
    mode: Callable[[int], object] = torch._C._get_function_stack_at,
    dispatcher: Callable[[int], object] = torch._C._get_dispatch_stack_at,
) -> Broken:
    """A mode that was entered and never left sees every operation. Meant to are the default device's and our own."""
    ours: list[object] = []

    def replaced(midway: bool = False) -> str | None:
        simulations = [dispatcher(index) for index in range(dispatching())]
        if not all(midway and type(found) is SimulationMode for found in simulations):
            return "what PyTorch's operators do, by a mode that it never leaves"
        modes = [mode(index) for index in range(length())]
        if not all(type(found) is DeviceContext or type(found) is Refusing for found in modes):
            return "what PyTorch's functions do, by a mode that it never leaves"
        if not all(any(found is kept for found in modes) for kept in ours):
            return "what is not allowed in this course, by ending the mode that refuses it"
        ours.extend(found for found in modes if type(found) is Refusing and not any(found is kept for kept in ours))
        return None

    return replaced
