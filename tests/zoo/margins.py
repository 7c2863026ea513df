"""How much of its tolerance each numeric comparison uses up: measured where the checks compare, recorded in a file.

A tolerance has to lie well above what correct solutions differ by, and well below what the nearest wrong one does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from support import checking

RECORDED = Path(__file__).with_name("tolerances.json")


class Ruler:
    """Stands around the comparison of `support.checking` and notes |difference| / (atol + rtol * |expected|)."""

    def __init__(self) -> None:
        self._compare: Any = vars(checking)["_compare"]
        self._parts: list[tuple[float, float, float]] = []

    def install(self) -> None:
        """Measure every comparison of this process from now on."""
        checking._compare = self._measure

    def take(self) -> list[float]:
        """Since the last call: the largest part of a tolerance that was used up by a comparison that passed; how many
        times its tolerance the difference was where the last one failed, else 0; that tolerance, relative and absolute.
        Nothing when there was no comparison."""
        parts, self._parts = self._parts, []
        if not parts:
            return []
        within = max((part for part, *_ in parts if part <= 1), default=0.0)
        last, *tolerance = parts[-1]
        return [within, last if last > 1 else 0.0, *tolerance]

    def _measure(
        self, actual: torch.Tensor, expected: torch.Tensor, did: str, rtol: float, atol: float, wanted: str
    ) -> None:
        if rtol or atol:
            self._parts.append((part_of_tolerance(actual, expected, rtol, atol), rtol, atol))
        self._compare(actual, expected, did, rtol, atol, wanted)


def part_of_tolerance(actual: torch.Tensor, expected: torch.Tensor, rtol: float, atol: float) -> float:
    """The largest |actual - expected| / (atol + rtol * |expected|); infinite where one of them is and the other not."""
    same = actual == expected
    size = torch.where(expected.isinf(), 0.0, expected.abs())
    part = torch.where(same, 0.0, (actual - expected).abs() / (atol + rtol * size))
    return float(part.nan_to_num(nan=math.inf, posinf=math.inf).max()) if part.numel() else 0.0


@dataclass
class Margin:
    """Of one check: its tolerance, the largest part of it that any correct variant uses up, and the fewest times that a
    wrong submission exceeds it where a number is what fails it. None: no wrong submission differs in a number only."""

    rtol: float = 0.0
    atol: float = 0.0
    correct: float = 0.0
    wrong: float | None = None
    nearest: str = ""

    def add_correct(self, found: Sequence[float]) -> None:
        """`found` is what a ruler took in a check that passed."""
        self.correct = max(self.correct, found[0])
        self.rtol, self.atol = found[2:]

    def add_wrong(self, found: Sequence[float], name: str) -> None:
        """`found` is what a ruler took in a check that failed."""
        if found[1] and (self.wrong is None or found[1] < self.wrong):
            self.wrong, self.nearest = found[1], name


def write_margins(margins: dict[str, Margin], path: Path = RECORDED, **over: int) -> None:
    """Write them down by check, in the checks' order; `over` says how many submissions of each kind were graded."""
    checks = {
        number: {**asdict(margin), "correct": _rounded(margin.correct), "wrong": _rounded(margin.wrong)}
        for number, margin in margins.items()
    }
    path.write_text(json.dumps({"over": over, "checks": checks}, indent=1) + "\n", encoding="utf-8")


def read_margins(path: Path = RECORDED) -> dict[str, Margin]:
    """Those that were written down last."""
    table = json.loads(path.read_text(encoding="utf-8"))["checks"]
    return {number: Margin(**entry) for number, entry in table.items()}


def _rounded(value: float | None) -> float | None:
    """To three digits; what is larger than a million is infinitely far off."""
    return None if value is None else float(f"{min(value, 1e6):.3g}")
