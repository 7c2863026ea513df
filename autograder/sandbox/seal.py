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
import itertools
import operator
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import torch
from torch import nn
from torch.utils._device import DeviceContext

from autograder.sandbox import dicts
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
_values = dict.values
_is, _flat = operator.is_, itertools.chain.from_iterable


# What a module or a class had: its name, itself, its dict, the names and values that count, and the names that would
# hide a builtin or something inherited.
Namespace: TypeAlias = tuple[str, Any, Any, tuple[str, ...], tuple[Any, ...], "frozenset[str]"]

# Something that holds other things, with its name.
Holder: TypeAlias = tuple[str, Any]

# Functions take their builtins from here when they are defined, and from then on nobody else's change reaches them.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]


def take() -> tuple[Broken, frozenset[int]]:
    """Remember what there is now.

    Returns what says the name of something replaced since (None when nothing was), and the ids of the functions whose
    code and defaults have to stay as they are: to see to that is the guard's business, as looking at each takes long.
    """
    spaces = _namespaces()
    functions = {id(function): (name, function) for name, function in _functions(spaces)}
    holders = list(_holders([space for space in spaces if space[0].startswith(OWN)], functions.values()))
    kept = [(name, holder, _contents(holder)) for name, holder in holders if type(holder) is dict]
    owned = [_dict_of(owner) for _, owner, *_ in spaces]
    changed, remember = dicts.watch([*owned, *(holder for _, holder, _ in kept)])
    moved = _moved(spaces, [(name, holder) for name, holder in holders if type(holder) is not dict])
    modes = _modes()

    def broken(midway: bool = False) -> str | None:
        for index in changed():
            is_space = index < len(spaces)
            name = _replaced(spaces[index]) if is_space else _changed_inside(*kept[index - len(spaces)])
            if name is not None:
                return name
            remember(index)
        name = moved()
        return modes(midway) if name is None else name

    return broken, frozenset(functions)


def _namespaces() -> list[Namespace]:
    """Our own, of the libraries' what those use, and of other modules what the functions of all these look up there."""
    modules = {name: importlib.import_module(name) for name in LIBRARIES if name != "torch._C._nn"}
    modules["torch._C._nn"] = torch._C._nn
    own = {name: module for name, module in sys.modules.items() if name.startswith(OWN)}
    own_classes = {f"{owner.__module__}.{owner.__qualname__}": owner for owner in _own_classes(own.values())}
    ours = [_namespace(name, owner, None) for name, owner in {**own, **own_classes}.items()]
    theirs: dict[str, Any] = {**modules, **CLASSES}
    used = TEMPTING | _used_by(ours)
    used |= _used_by(_namespace(name, owner, used) for name, owner in theirs.items())
    spaces = [*ours, *(_namespace(name, owner, used) for name, owner in theirs.items())]
    known = {id(found) for _, _, found, *_ in spaces}
    others = {
        function.__globals__["__name__"] for _, function in _functions(spaces) if id(function.__globals__) not in known
    }
    return [*spaces, *(_namespace(name, sys.modules[name], used) for name in sorted(others))]


def _namespace(name: str, owner: Any, used: set[str] | None) -> Namespace:
    """`used` are the names of a library's module that count; without them all do, whatever they stand for."""
    is_class = isinstance(owner, type)
    found = _vars(owner) if is_class else _get(owner)
    left_out = NOT_SEALED | (COMPILER if owner is nn.Module else set())
    kept = {
        key: value
        for key, value in found.items()
        if key not in left_out and (used is None or (not isinstance(value, DATA) and (is_class or key in used)))
    }
    names, values = tuple(kept), tuple(kept.values())
    inherited = {key for base in _mro(owner)[1:] for key in _vars(base)} if is_class else {*_get(builtins)}
    if not is_class and used is not None:
        inherited &= _names_in(function for _, function in _functions_of(name, names, values))
    return name, owner, found, names, values, frozenset(inherited - set(found) - {"__doc__"})


def _dict_of(owner: Any) -> dict[str, Any]:
    """Of a class, the one behind the proxy that it shows."""
    [found] = gc.get_referents(_vars(owner)) if isinstance(owner, type) else [_get(owner)]
    return found


def _replaced(space: Namespace) -> str | None:
    name, _, found, names, values, hidden = space
    if any(type(key) is not str for key in found):  # such a name runs code of its own when another one is looked up
        return f"the names of {name}"
    for key, value in zip(names, values, strict=True):
        now = found.get(key)
        if now is not value and (now is None or now is not MEANWHILE.get(f"{name}.{key}")):
            return f"{name}.{key}"
    return None if hidden.isdisjoint(found) else f"{name}.{min(hidden.intersection(found))}"


def _changed_inside(name: str, holder: Any, content: tuple[object, ...]) -> str | None:
    """The name, if something of our own holds something else now."""
    found = _contents(holder)
    return None if len(found) == len(content) and all(map(_is, found, content)) else name


def _moved(spaces: Sequence[Namespace], holders: Sequence[Holder]) -> Callable[[], str | None]:
    """What says which class or module is of another kind, or which of our own lists, sets and cells differs."""
    owners = [owner for _, owner, *_ in spaces]
    classes = [owner for owner in owners if isinstance(owner, type)]
    cells = [holder for _, holder in holders if type(holder) is types.CellType]
    iterable = [holder for _, holder in holders if type(holder) is not types.CellType]

    def look() -> list[object]:
        return [*map(type, owners), *map(_mro, classes), *map(_content, cells), *_flat(iterable)]

    before = look()
    kinds = [(name, owner, type(owner), isinstance(owner, type) and _mro(owner)) for name, owner, *_ in spaces]
    contents = [(name, holder, _contents(holder)) for name, holder in holders]

    def moved() -> str | None:
        now = look()
        if len(now) == len(before) and all(map(_is, now, before)):
            return None
        for name, owner, kind, order in kinds:
            if type(owner) is not kind or (order and _mro(owner) is not order):
                return name
        return next(filter(None, (_changed_inside(*content) for content in contents)), None)

    return moved


def _contents(holder: Any) -> tuple[object, ...]:
    if type(holder) is types.CellType:
        return (_content(holder),)
    return (*holder, *_values(holder)) if type(holder) is dict else tuple(holder)


def _functions(spaces: Iterable[Namespace]) -> Iterator[tuple[str, types.FunctionType]]:
    for name, _, _, names, values, _ in spaces:
        yield from _functions_of(name, names, values)


def _functions_of(space: str, names: Iterable[str], values: Iterable[Any]) -> Iterator[tuple[str, types.FunctionType]]:
    for key, value in zip(names, values, strict=True):
        yield from ((f"{space}.{key}", function) for function in _inside(value))


def _used_by(spaces: Iterable[Namespace]) -> set[str]:
    return _names_in(function for _, function in _functions(spaces))


def _names_in(functions: Iterable[types.FunctionType]) -> set[str]:
    """Every name that the code of these mentions."""
    codes = [function.__code__ for function in functions]
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
    for space, _, _, names, values, _ in ours:
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
