"""Says in microseconds which objects are not as they were, from the memory that they lie in.

A look at every name and value of a module takes long in a worker that has just been forked: CPython counts references
in each object that it looks at, so that the kernel has to copy every page on which one lies. In CPython 3.10 to 3.13 a
dict holds a number that it gets anew with each change, and that no other change was given; the last word of the object
is the address of values that are kept elsewhere (`Include/cpython/dictobject.h`). Where a trial shows that this is not
so, every dict counts as changed, and whoever asks has to look for himself. Every object has the address of its class
behind the count of its references, a cell that of its content behind that; where in a class the order of its bases
stands is looked for.
"""

from __future__ import annotations

import builtins
import ctypes
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any

WORD = ctypes.sizeof(ctypes.c_void_p)
# What follows the reference count and the type.
BEGIN, HEAD = 2 * WORD, dict.__basicsize__ - 2 * WORD
READ = 0x100  # PyBUF_READ
# Not `from_address` or `string_at`: those ask the audit hooks each time.
_view = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_joined = b"".join
_size_of_a_class: int = vars(type)["__basicsize__"].__get__(type)
_is = operator.is_

# What a class and a module have, whatever they say themselves.
dict_of_class, order_of = type.__dict__["__dict__"].__get__, type.__dict__["__mro__"].__get__
dict_of_module = types.ModuleType.__dict__["__dict__"].__get__  # type: ignore[index]

# As in seal.py: nobody else's change reaches the functions below.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]


def watch(dicts: Sequence[dict[Any, Any]]) -> tuple[Callable[[], Sequence[int]], Callable[[int], None]]:
    """What says which of these, by index, have changed, and what takes one as it is now for unchanged from then on."""
    if _works():
        return _watch(dicts)
    return lambda: range(len(dicts)), lambda index: None


def _watch(dicts: Sequence[dict[Any, Any]]) -> tuple[Callable[[], Sequence[int]], Callable[[int], None]]:
    heads = [_view(id(found) + BEGIN, HEAD, READ) for found in dicts]
    known = bytearray(HEAD * len(dicts))

    def changed() -> Sequence[int]:
        now = _joined(heads)
        if now == known:
            return ()
        places = range(0, len(now), HEAD)
        return [index for index, at in enumerate(places) if now[at : at + HEAD] != known[at : at + HEAD]]

    def remember(index: int) -> None:
        head = bytes(heads[index])
        # A value that is kept elsewhere can be another one, and the number be the same.
        elsewhere = any(head[-WORD:]) and dicts[index]
        known[index * HEAD : (index + 1) * HEAD] = bytes(HEAD) if elsewhere else head

    for index in range(len(dicts)):
        remember(index)
    return changed, remember


def watch_places(
    owners: Sequence[object], classes: Sequence[type], cells: Sequence[types.CellType]
) -> Callable[[], bool]:
    """What says whether the owners are of the classes that they were of, the classes inherit from the same ones in the
    same order, and the cells hold the same."""
    order = _place_of_order()
    if order is None or not _cell_works():
        return _compare(owners, classes, cells)
    places = [*(id(owner) + WORD for owner in owners), *(id(found) + order for found in classes)]
    return _watch_words([*places, *(id(cell) + BEGIN for cell in cells)])


def _watch_words(places: Sequence[int]) -> Callable[[], bool]:
    words = [_view(place, WORD, READ) for place in places]
    known = _joined(words)

    def same() -> bool:
        return _joined(words) == known

    return same


def _compare(owners: Sequence[object], classes: Sequence[type], cells: Sequence[types.CellType]) -> Callable[[], bool]:
    def look() -> list[object]:
        return [*map(type, owners), *map(order_of, classes), *map(content, cells)]

    known = look()

    def same() -> bool:
        return all(map(_is, look(), known))

    return same


def content(cell: types.CellType) -> object:
    """What stands in a cell, None when it is still empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _place_of_order() -> int | None:
    """How far from the beginning of a class the address of its `__mro__` stands, if that is found."""
    size = _size_of_a_class // WORD
    # Of this function only: a class can be found.
    base, another_base = (type(name, (), {}) for name in ("base", "another_base"))
    trials = [type(name, (base,), {}) for name in ("one", "other")]
    found = [
        {
            index
            for index, word in enumerate(_view(id(trial), size * WORD, READ).cast("N"))
            if word == id(order_of(trial))
        }
        for trial in trials
    ]
    places = set.intersection(*found)
    if len(places) != 1:
        return None
    place = places.pop() * WORD
    same = _watch_words([id(trial) + place for trial in trials])
    was = same()
    trials[1].__bases__ = (another_base,)
    return place if was and not same() else None


def _cell_works() -> bool:
    cell = types.CellType(object())
    same = _watch_words([id(cell) + BEGIN])
    was = same()
    cell.cell_contents = object()
    return was and not same()


def _works() -> bool:
    """Whether changes of a name, of a value, and of nothing are told apart here."""
    first, second, third = object(), object(), object()
    trial = {"a": first, "b": second}
    changed, remember = _watch([trial])
    seen = [list(changed())]
    for change in ({"a": third}, {"a": first}, {"c": third}, {}):
        trial.update(change)
        seen.append(list(changed()))
        remember(0)
    del trial["b"]
    seen.append(list(changed()))
    return seen == [[], [0], [0], [0], [], [0]]
