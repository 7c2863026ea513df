"""What changes a dict is seen in the memory of its table; where that could not be, every dict counts as changed."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from autograder.sandbox import tables

CHANGES: dict[str, Callable[[dict[Any, Any]], object]] = {
    "a value": lambda found: found.update(a=[]),
    "a name more": lambda found: found.update(c=1),
    "a name less": lambda found: found.pop("a"),
    "a name in another's place": lambda found: (found.pop("a"), found.update(c=1)),
    "another order": lambda found: found.update(a=found.pop("a")),
    "many names, in a table elsewhere": lambda found: found.update({str(number): number for number in range(1000)}),
    "none left": lambda found: found.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_until_it_is_remembered(change: Callable[[dict[Any, Any]], object]) -> None:
    first, second = {"a": 1, "b": 2}, {"a": 1}
    changed, remember = tables.watch([first, second])
    assert list(changed()) == []
    change(first)
    assert list(changed()) == [0]
    remember(0)
    assert list(changed()) == []


def test_a_change_of_a_class_is_seen() -> None:
    class Own:
        known = 1

    [names] = gc.get_referents(vars(Own))
    changed, _ = tables.watch([vars(tables), names])
    Own.known = 2
    assert list(changed()) == [1]


def test_where_tables_lie_otherwise_every_dict_counts_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_view", lambda address, size, flags: memoryview(bytes(size)))
    changed, remember = tables.watch([{"a": 1}, {"b": 2}])
    remember(0)
    assert list(changed()) == [0, 1]
