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
import operator
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch.utils._device import DeviceContext

from autograder.sandbox import memory, namespaces
from autograder.sandbox.memory import dict_of_class, dict_of_module, order_of
from autograder.sandbox.namespaces import OWN, Holder, Namespace
from support.shortcuts import Refusing
from support.simulated.generators import GeneratorOfAnyDevice
from support.simulated.tensor import SimulationMode

if TYPE_CHECKING:

    class Broken(Protocol):
        """Says what was replaced, None when nothing was. `midway`: in a moment's rest of a probe."""

        def __call__(self, midway: bool = False) -> str | None: ...


MEANWHILE: dict[str, object] = {"torch.Generator": GeneratorOfAnyDevice}  # what a probe of devices itself puts there
_values, _is, _content = dict.values, operator.is_, memory.content

# Functions take their builtins from here when they are defined, and from then on nobody else's change reaches them.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]


def take() -> tuple[Broken, frozenset[int]]:
    """Remember what there is now.

    Returns what says the name of something replaced since (None when nothing was), and the ids of the functions whose
    code and defaults have to stay as they are: to see to that is the guard's business, as looking at each takes long.
    """
    spaces = namespaces.find()
    functions = {id(function): (name, function) for name, function in namespaces.functions_in(spaces)}
    ours = [space for space in spaces if space[0].startswith(OWN)]
    holders = list(namespaces.holders(ours, functions.values()))
    kept = [(name, holder, _contents(holder)) for name, holder in holders if type(holder) is dict]
    owned = [_dict_of(owner) for _, owner, *_ in spaces]
    changed, remember = memory.watch([*owned, *(holder for _, holder, _ in kept)])
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


def _dict_of(owner: Any) -> dict[str, Any]:
    """Of a class, the one behind the proxy that it shows."""
    found: dict[str, Any]
    [found] = gc.get_referents(dict_of_class(owner)) if isinstance(owner, type) else [dict_of_module(owner)]
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
    classes = [owner for _, owner, *_ in spaces if isinstance(owner, type)]
    cells = [holder for _, holder in holders if type(holder) is types.CellType]
    listed = [(name, holder, _contents(holder)) for name, holder in holders if type(holder) in (list, set)]
    objects = [(name, holder) for name, holder in holders if type(holder) not in (list, set, types.CellType)]
    named = [*((name, owner) for name, owner, *_ in spaces), *objects]
    same = memory.watch_places([owner for _, owner in named], classes, cells)
    kinds = [(name, owner, type(owner), isinstance(owner, type) and order_of(owner)) for name, owner in named]
    contents = [(name, holder, _contents(holder)) for name, holder in holders if type(holder) is types.CellType]
    attributes = [(name, holder, holder.__dict__) for name, holder in objects if type(holder) is not dict]

    def moved() -> str | None:
        for name, holder, kept in listed:
            if _changed_inside(name, holder, kept):
                return name
        for name, holder, kept in attributes:
            if holder.__dict__ is not kept:
                return name
        if same():
            return None
        for name, owner, kind, order in kinds:
            if type(owner) is not kind or (order and order_of(owner) is not order):
                return name
        return next(filter(None, (_changed_inside(*content) for content in contents)), None)

    return moved


def _contents(holder: Any) -> tuple[object, ...]:
    if type(holder) is types.CellType:
        return (_content(holder),)
    return (*holder, *_values(holder)) if type(holder) is dict else tuple(holder)


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
