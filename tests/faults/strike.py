"""Where a fault strikes: the middle of a check, which has called the submission before and calls it again after."""

from __future__ import annotations

from collections.abc import Callable

_actions: list[Callable[[], None]] = []


def at_strike(action: Callable[[], None]) -> None:
    """Do this when check 1.3 is in the middle, once."""
    _actions.append(action)


def strike() -> None:
    """Do what the case has planned."""
    while _actions:
        _actions.pop(0)()
