"""What a seal has to know: every module and class that our code relies on while student code may run beside it.

These are our own modules and classes, whole; of the libraries' what our code uses, and what that uses in turn. Which
those are is found by the names that code mentions, so there may be some too many.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import torch
from torch import nn

from autograder.sandbox.memory import content, dict_of_class, dict_of_module, order_of

WHOLE = ("json", "json.encoder", "json.decoder", "json.scanner", "struct", "safetensors", "safetensors.torch")
LIBRARIES = (  # of these, and of the modules that our own ones have imported, what is used counts
    *("builtins", "numpy"),
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
    **{f"torch.{owner.__name__}": owner for owner in (torch.Tensor, torch.Generator)},
    **{f"torch.{owner.__name__}": owner for owner in (torch.no_grad, torch.enable_grad, torch.set_grad_enabled)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Parameter, nn.Module, nn.ModuleList, nn.Linear)},
    **{f"torch.nn.{owner.__name__}": owner for owner in (nn.Embedding, nn.LayerNorm)},
}
DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, type(None), types.GenericAlias)
# What changes by itself: `torch.Storage` with the default dtype, the others with any use of the module.
CHANGING = {"support.probes._replaced", "support.probes._calls", "support.shortcuts._modes"}
NOT_SEALED = {
    *("Storage", "__builtins__", "__annotations__", "__warningregistry__", "__spec__", "__path__", "__annotate_func__"),
}
COMPILER = {"__init__", "__setstate__"}  # of nn.Module, which torch.compile replaces
# Modules whose classes stand in annotations, or had their part when the others were imported.
UNUSED = ("__future__", "abc", "collections.abc", "typing", "_frozen_importlib", "_frozen_importlib_external")
MADE_OF_PYTHON, IMMUTABLE = 1 << 9, 1 << 8  # flags of a class: Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE

# What a module or a class had: its name, itself, its dict, the names and values that count, and the names that would
# hide a builtin, something inherited, or an attribute of an object.
Namespace: TypeAlias = tuple[str, Any, Any, tuple[str, ...], tuple[Any, ...], "frozenset[str]"]

# Something that holds other things, with its name.
Holder: TypeAlias = tuple[str, Any]


def find() -> list[Namespace]:
    """Our own, of the libraries' what those use, and of other modules what the functions of all these look up there."""
    own: dict[str, Any] = {name: module for name, module in sys.modules.items() if name.startswith(OWN)}
    own |= {f"{owner.__module__}.{owner.__qualname__}": owner for owner in _own_classes(own.values())}
    ours = [_namespace(name, owner, None) for name, owner in own.items()]
    ours += [_namespace(name, importlib.import_module(name), None) for name in WHOLE]
    used = TEMPTING | _used_by(ours)
    theirs: dict[str, Any] = {name: importlib.import_module(name) for name in LIBRARIES if name != "torch._C._nn"}
    theirs |= {"torch._C._nn": torch._C._nn, **CLASSES}
    # What only our own code looks up in these modules; others may use them as they like.
    further = [_namespace(name, owner, used) for name, owner in _modules_in(ours, theirs).items()]
    classes = _classes_in([*ours, *further, *(_namespace(name, owner, used) for name, owner in theirs.items())])
    further += [_namespace(name, owner, None) for name, owner in classes.items()]
    used |= _used_by([*further, *(_namespace(name, owner, used) for name, owner in theirs.items())])
    spaces = [*ours, *further, *(_namespace(name, owner, used) for name, owner in theirs.items())]
    known = {id(found) for _, _, found, *_ in spaces}
    elsewhere = (function.__globals__ for _, function in functions_in(spaces))
    others = {found["__name__"] for found in elsewhere if id(found) not in known}
    return [*spaces, *(_namespace(name, sys.modules[name], used) for name in sorted(others & set(sys.modules)))]


def _namespace(name: str, owner: Any, used: set[str] | None) -> Namespace:
    """`used` are the names of a library's module or class that count; without them all do, whatever they stand for."""
    is_class = isinstance(owner, type)
    found = dict_of_class(owner) if is_class else dict_of_module(owner)
    left_out = NOT_SEALED | (COMPILER if owner is nn.Module else set())
    kept = {
        key: value
        for key, value in found.items()
        if key not in left_out and (used is None or (not isinstance(value, DATA) and (is_class or key in used)))
    }
    names, values = tuple(kept), tuple(kept.values())
    if is_class:
        hidden = {key for base in order_of(owner) for key in (*dict_of_class(base), *_annotated(base))}
        if used is None:  # a property of the name of any attribute would come before that
            hidden |= _names_in(function for _, function in _functions_of(name, names, values))
    else:
        hidden = {*dict_of_module(builtins)}
        if used is not None:
            hidden &= _names_in(function for _, function in _functions_of(name, names, values))
    return name, owner, found, names, values, frozenset(hidden - set(found) - {"__doc__"})


def _annotated(found: type) -> Iterable[str]:
    names = dict_of_class(found).get("__annotations__")
    return names if type(names) is dict else ()


def _modules_in(ours: Iterable[Namespace], theirs: Iterable[str]) -> dict[str, Any]:
    """Those of libraries that our own modules look things up in."""
    found = (value for *_, values, _ in ours for value in values if isinstance(value, types.ModuleType))
    known = {*WHOLE, *theirs}
    return {
        module.__name__: module
        for module in found
        if module.__name__ not in known and not module.__name__.startswith(OWN)
    }


def _classes_in(spaces: Iterable[Namespace]) -> dict[str, Any]:
    """The classes of libraries that stand there, those of what stands there, and what all of them inherit from."""
    known = {id(owner) for _, owner, *_ in spaces}
    met = {id(base): base for *_, values, _ in spaces for value in values for base in order_of(_class_of(value))}
    met |= {id(base): base for _, owner, *_ in spaces if isinstance(owner, type) for base in order_of(owner)}
    return {
        f"{found.__module__}.{found.__qualname__}": found
        for number, found in met.items()
        if number not in known and found.__module__ not in UNUSED and _can_change(found)
    }


def _can_change(found: type) -> bool:
    return bool(found.__flags__ & MADE_OF_PYTHON) and not found.__flags__ & IMMUTABLE


def _class_of(value: Any) -> type[Any]:
    # Python 3.10 has aliases, as of `Callable[..., Any]`, that say they were classes.
    return value if issubclass(type(value), type) else type(value)


def functions_in(spaces: Iterable[Namespace]) -> Iterator[tuple[str, types.FunctionType]]:
    """Those that are called when something that stands there is used, with their names."""
    for name, _, _, names, values, _ in spaces:
        yield from _functions_of(name, names, values)


def _functions_of(space: str, names: Iterable[str], values: Iterable[Any]) -> Iterator[tuple[str, types.FunctionType]]:
    for key, value in zip(names, values, strict=True):
        yield from ((f"{space}.{key}", function) for function in _inside(value))


def _used_by(spaces: Iterable[Namespace]) -> set[str]:
    return _names_in(function for _, function in functions_in(spaces))


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


def holders(ours: Iterable[Namespace], functions: Iterable[tuple[str, types.FunctionType]]) -> Iterator[Holder]:
    """The lists, dicts, sets and objects of our own modules, and what the objects and all functions have attached."""
    for space, _, _, names, values, _ in ours:
        waiting = [(f"{space}.{key}", value) for key, value in zip(names, values, strict=True)]
        while waiting:
            name, value = waiting.pop()
            if name in CHANGING:
                continue
            if type(value) in (list, dict, set):
                yield name, value
                waiting += [(name, part) for part in (value.values() if type(value) is dict else value)]
            elif _has_attributes(value):
                # Objects of one class share the names of their attributes; in a dict of its own each change shows.
                value.__dict__ = dict(value.__dict__)
                yield from ((name, part) for part in (value, value.__dict__))
    for name, function in functions:
        cells = function.__closure__ or ()
        if name.startswith(OWN):
            yield from ((name, part) for part in (vars(function), function.__kwdefaults__, *cells) if part)
        else:  # a library's may keep what it has found out so far
            yield from ((name, cell) for cell in cells if isinstance(content(cell), types.FunctionType))


def _has_attributes(value: object) -> bool:
    kind = type(value)
    return (
        _can_change(kind)
        and kind.__module__ not in UNUSED
        and not isinstance(value, type)
        and hasattr(value, "__dict__")
    )


def _inside(value: object) -> Iterator[types.FunctionType]:
    """The Python functions that run when `value` is used: itself, those it wraps, a property's, a method's."""
    if isinstance(value, types.FunctionType):
        yield value
        contents = map(content, value.__closure__ or ())
        yield from (found for found in contents if isinstance(found, types.FunctionType))
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _inside(value.__func__)
    elif isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            yield from _inside(part)
