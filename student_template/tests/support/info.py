"""What a check declares about itself. Light: it is read before torch is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from support.parts import with_parts_below

Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]


@dataclass(frozen=True)
class CheckInfo:
    """What a check's name, docstring and decorators say.

    `weight` is relative inside the problem. `requires` has the declared parts and all that these are built on.
    """

    number: str
    title: str
    sentence: str
    hint: str
    weight: float
    visibility: Visibility | None
    covers: frozenset[str]
    requires: frozenset[str]

    @property
    def problem(self) -> int:
        return int(self.number.split(".")[0])

    @cached_property
    def order(self) -> tuple[int, int]:
        problem, _, index = self.number.partition(".")
        return int(problem), int(index)


def check_info(name: str, sentence: str, declared: dict[str, object]) -> CheckInfo:
    """Build the declaration of the check function `name` from its docstring and its decorators' values.

    `declared` has number, hint, weight, visibility, covers and requires, as far as they were given. Raises
    ValueError when number, sentence or hint is missing.
    """
    number = str(declared.get("number", ""))
    if not re.fullmatch(r"[1-9]\d*\.[1-9]\d*", number):
        raise ValueError(f"{name}: @number must be 'problem.index', got {number!r}")
    if not sentence.strip():
        raise ValueError(f"{name}: a check needs a docstring, the sentence that the student reads")
    if not declared.get("hint"):
        raise ValueError(f"{name}: a check needs a @hint")
    visibility: Visibility | None = declared.get("visibility")  # type: ignore[assignment]
    if visibility not in (None, *get_args(Visibility)):
        raise ValueError(f"{name}: @visibility must be one of {', '.join(get_args(Visibility))}, got {visibility!r}")
    return CheckInfo(
        number=number,
        title=name.removeprefix("test_").replace("_", " "),
        sentence=" ".join(sentence.split()),
        hint=str(declared["hint"]),
        weight=float(str(declared.get("weight", 1))),
        visibility=visibility,
        covers=frozenset(declared.get("covers", ())),  # type: ignore[call-overload]
        requires=with_parts_below(declared.get("requires", ())),  # type: ignore[arg-type]
    )
