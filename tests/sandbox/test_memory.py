"""What changes an object is seen in the memory that it lies in, and in another way where that could not be."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable
from typing import Any

import pytest

from autograder.sandbox import memory

CHANGES: dict[str, Callable[[dict[Any, Any]], object]] = {
    "a value": lambda found: found.update(a=[]),
    "a name more": lambda found: found.update(c=1),
    "a name less": lambda found: found.pop("a"),
    "a name in another's place": lambda found: (found.pop("a"), found.update(c=1)),
    "another order": lambda found: found.update(a=found.pop("a")),
    "many names": lambda found: found.update({str(number): number for number in range(1000)}),
    "none left": lambda found: found.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_until_it_is_remembered(change: Callable[[dict[Any, Any]], object]) -> None:
    first, second = {"a": 1, "b": 2}, {"a": 1}
    changed, remember = memory.watch([first, second])
    assert list(changed()) == []
    change(first)
    assert list(changed()) == [0]
    remember(0)
    assert list(changed()) == []


def test_a_change_of_a_class_is_seen() -> None:
    class Own:
        known = 1

    [names] = gc.get_referents(vars(Own))
    changed, _ = memory.watch([vars(memory), names])
    Own.known = 2
    assert list(changed()) == [1]


def test_a_change_by_code_that_runs_often_is_seen() -> None:
    """Python makes such code faster, by ways of its own into a dict."""
    module, thing = types.ModuleType("module"), types.SimpleNamespace(known=0)
    exec("def put(value):\n    global known\n    known = value", vars(module))

    def set_on(owner: Any, value: object) -> None:
        owner.known = value

    ways = (module.put, lambda value: set_on(module, value)), (lambda value: set_on(thing, value),)
    for holder, changes in zip((vars(module), vars(thing)), ways, strict=True):
        for change in changes:
            for number in range(1000):
                change(number)
            changed, _ = memory.watch([holder])
            change(object())
            assert list(changed()) == [0]


def test_where_dicts_lie_otherwise_every_dict_counts_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_view", lambda address, size, flags: memoryview(bytes(size)))
    changed, remember = memory.watch([{"a": 1}, {"b": 2}])
    remember(0)
    assert list(changed()) == [0, 1]


class _Base:
    pass


class _OtherBase:
    pass


def _another_class(thing: Any, own: type, cell: types.CellType) -> None:
    thing.__class__ = _OtherBase


def _another_base(thing: Any, own: type, cell: types.CellType) -> None:
    own.__bases__ = (_OtherBase,)


def _another_content(thing: Any, own: type, cell: types.CellType) -> None:
    cell.cell_contents = object()


def _none_left(thing: Any, own: type, cell: types.CellType) -> None:
    del cell.cell_contents


@pytest.mark.parametrize("change", [_another_class, _another_base, _another_content, _none_left])
@pytest.mark.parametrize("memory_is_known", [True, False])
def test_another_class_order_or_content_is_seen(
    change: Callable[[Any, type, types.CellType], None], memory_is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not memory_is_known:
        monkeypatch.setattr(memory, "_place_of_order", lambda: None)
    thing, own, cell = _Base(), type("own", (_Base,), {}), types.CellType(object())
    same = memory.watch_places([thing, own], [own], [cell])
    assert same()
    change(thing, own, cell)
    assert not same()


def test_here_memory_says_all_of_this() -> None:
    assert memory._place_of_order() is not None
    assert memory._cell_works()
