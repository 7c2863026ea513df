"""What a stage is: one step between the text and a trained model, which two sides can be compared at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from support.checking import Submission

Values = Mapping[str, Any]


class Place(str):
    """The name of a device that something lies on."""

    __slots__ = ()


@dataclass(frozen=True)
class Stage:
    """One step, run on its own: fed with the same input on both sides.

    `id` is for machines, `title` for people. `problem` is the one of the assignment that it belongs to. `replaced` are
    the parts below, which stand-ins take the place of in a second run. `builds_on` are stages that explain a
    difference here. `flow` is the name of the same step in the flow. `optional`: a correct submission need not go
    through this step one by one. `loose` widens the tolerance. `device` is the accelerator that it needs, if any.
    """

    id: str
    problem: int
    title: str
    look: Callable[[Submission], Values]
    replaced: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    flow: str = ""
    optional: bool = False
    loose: float = 1.0
    device: str = ""
