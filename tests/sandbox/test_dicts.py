"""What changes a dict is seen in the memory that it lies in; where that could not be, every dict counts as changed."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable
from typing import Any

import pytest

from autograder.sandbox import dicts

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
    changed, remember = dicts.watch([first, second])
    assert list(changed()) == []
    change(first)
    assert list(changed()) == [0]
    remember(0)
    assert list(changed()) == []


def test_a_change_of_a_class_is_seen() -> None:
    class Own:
        known = 1

    [names] = gc.get_referents(vars(Own))
    changed, _ = dicts.watch([vars(dicts), names])
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
            changed, _ = dicts.watch([holder])
            change(object())
            assert list(changed()) == [0]


def test_where_dicts_lie_otherwise_every_dict_counts_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicts, "_view", lambda address, size, flags: memoryview(bytes(size)))
    changed, remember = dicts.watch([{"a": 1}, {"b": 2}])
    remember(0)
    assert list(changed()) == [0, 1]
