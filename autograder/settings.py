"""`assignment.toml`: what an instructor edits, read strictly into frozen objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from autograder.paths import SETTINGS
from autograder.training_setting import TrainingSetting
from support.info import CheckInfo, Visibility

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROBLEMS = tuple(range(1, 11))
Points = Annotated[float, Field(ge=0)]


class SettingsError(Exception):
    """`assignment.toml` is missing, unreadable or wrong; the message names the key."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Shown(_Table):
    """When students see a check, by Gradescope's own words. `checks` overrides it for single checks, by number."""

    public: Visibility = "visible"
    hidden: Visibility = "visible"
    checks: dict[str, Visibility] = {}


class Limits(_Table):
    """Time in seconds of the wall clock, memory in MB (2**20 bytes)."""

    run_seconds: float = Field(gt=0)
    check_seconds: float = Field(gt=0)
    training_seconds: float = Field(gt=0)
    memory_mb: int = Field(ge=1024)
    submission_files: int = Field(gt=0)
    submission_mb: float = Field(gt=0)


class TrainingSettings(_Table):
    """The short training that is graded, by kind of device."""

    cpu: TrainingSetting
    gpu: TrainingSetting


class Settings(_Table):
    """Everything in `assignment.toml`. `points` is by problem; `weights` overrides a check's own, by its number."""

    total_points: Points
    points: dict[int, Points]
    weights: dict[str, Points] = {}
    visibility: Shown = Shown()
    limits: Limits
    training: TrainingSettings

    @model_validator(mode="after")
    def _points_add_up(self) -> Settings:
        if sorted(self.points) != list(PROBLEMS):
            raise ValueError("points: one line for each problem from 1 to 10")
        total = sum(map(_hundredths, self.points.values()))
        if total != _hundredths(self.total_points):
            raise ValueError(f"points add up to {total / 100:g}, but total_points is {self.total_points:g}")
        return self

    def points_by_check(self, checks: Sequence[CheckInfo]) -> dict[str, float]:
        """Allot each problem's points to its checks by weight, in hundredths that add up exactly.

        Raises SettingsError when a problem has points but no check with a weight, or an override names no check.
        """
        self._refuse_unknown(self.weights, checks, "weights")
        allotted: dict[str, float] = {}
        for problem in PROBLEMS:
            weights = {
                check.number: Fraction(self.weights.get(check.number, check.weight))
                for check in sorted(checks, key=lambda check: check.order)
                if check.problem == problem
            }
            allotted |= _allot(problem, _hundredths(self.points[problem]), weights)
        return allotted

    def visibility_by_check(self, checks: Sequence[CheckInfo], hidden: Set[str]) -> dict[str, Visibility]:
        """The visibility of each check by number: its own setting, else its declaration, else that of its kind."""
        self._refuse_unknown(self.visibility.checks, checks, "visibility.checks")
        kinds: dict[bool, Visibility] = {True: self.visibility.hidden, False: self.visibility.public}
        declared = {check.number: check.visibility for check in checks if check.visibility}
        of_kind = {check.number: kinds[check.number in hidden] for check in checks}
        return {**of_kind, **declared, **self.visibility.checks}

    def _refuse_unknown(self, table: Mapping[str, object], checks: Sequence[CheckInfo], key: str) -> None:
        unknown = sorted(set(table) - {check.number for check in checks})
        if unknown:
            raise SettingsError(f"{key}: there is no check {unknown[0]}")


def load_settings(path: Path = SETTINGS) -> Settings:
    """Read and validate the settings. Raises SettingsError naming the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path.name}: {error}") from None
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "settings"
        raise SettingsError(f"{path.name}: {key}: {first['msg']}") from None


def _allot(problem: int, hundredths: int, weights: dict[str, Fraction]) -> dict[str, float]:
    """Shares by the largest remainder; ties go to the lower check number."""
    total = sum(weights.values(), Fraction(0))
    if hundredths and not total:
        raise SettingsError(f"points: problem {problem} has points, but no check with a weight")
    shares = {number: hundredths * weight / total if total else Fraction(0) for number, weight in weights.items()}
    floors = {number: int(share) for number, share in shares.items()}
    by_remainder = sorted(shares, key=lambda number: floors[number] - shares[number])
    for number in by_remainder[: hundredths - sum(floors.values())]:
        floors[number] += 1
    return {number: value / 100 for number, value in floors.items()}


def _hundredths(points: float) -> int:
    return round(points * 100)
