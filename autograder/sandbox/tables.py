"""Says in microseconds which dicts are not as they were, from the memory that their tables lie in.

A look at every name and value of a module takes long in a worker that has just been forked: CPython counts references
in each object that it looks at, so that the kernel has to copy every page on which one lies. The table of a dict lies
in one piece and holds addresses only. Where it lies stands in the dict: in CPython 3.10 to 3.13, the last two words of
the object are the address of its table and that of values which are kept elsewhere (`Include/cpython/dictobject.h`).
Where a trial shows that this is not so, every dict counts as changed, and whoever asks has to look for himself.
"""

from __future__ import annotations

import builtins
import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any

WORD = ctypes.sizeof(ctypes.c_void_p)
# Of a dict what follows its reference count and type. Of a table what follows the count of references to it, how large
# it is, and a number that the interpreter gives it when it makes code faster: none of these says what it holds.
BEGIN, END = 2 * WORD, dict.__basicsize__
TABLE_BEGINS = 16
READ = 0x100  # PyBUF_READ
# Not `from_address` or `string_at`: those ask the audit hooks each time.
_view = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_size, _number, ORDER = dict.__sizeof__, int.from_bytes, sys.byteorder

# As in seal.py: nobody else's change reaches the functions below.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]


def watch(dicts: Sequence[dict[Any, Any]]) -> tuple[Callable[[], Sequence[int]], Callable[[int], None]]:
    """What says which of these, by index, have changed, and what takes one as it is now for unchanged from then on."""
    if _works():
        return _watch(dicts)
    return lambda: range(len(dicts)), lambda index: None


def _watch(dicts: Sequence[dict[Any, Any]]) -> tuple[Callable[[], Sequence[int]], Callable[[int], None]]:
    heads = [_view(id(found) + BEGIN, END - BEGIN, READ) for found in dicts]
    known_heads, known_sizes = [b""] * len(dicts), [0] * len(dicts)
    tables, known_tables = [memoryview(b"")] * len(dicts), [b""] * len(dicts)

    def is_changed(index: int) -> bool:
        # In this order: of a table that is elsewhere now, the memory must not be read.
        return (
            bytes(heads[index]) != known_heads[index]
            or _size(dicts[index]) != known_sizes[index]
            or bytes(tables[index]) != known_tables[index]
        )

    def changed() -> Sequence[int]:
        there = list(map(bytes, heads)) == known_heads and list(map(_size, dicts)) == known_sizes
        if there and list(map(bytes, tables)) == known_tables:
            return ()
        return [index for index in range(len(dicts)) if is_changed(index)]

    def remember(index: int) -> None:
        head, size = bytes(heads[index]), _size(dicts[index])
        known_heads[index], known_sizes[index] = head, size
        table, elsewhere = (_number(head[at : at + WORD], ORDER) for at in (END - BEGIN - 2 * WORD, END - BEGIN - WORD))
        if elsewhere:  # so its values are not in the table
            known_heads[index] = b""
            return
        tables[index] = _view(table + TABLE_BEGINS, max(0, size - END - TABLE_BEGINS), READ)
        known_tables[index] = bytes(tables[index])

    for index in range(len(dicts)):
        remember(index)
    return changed, remember


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
