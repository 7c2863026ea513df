"""`assignment.toml`: what an instructor edits, read strictly into frozen objects."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from autograder.paths import SETTINGS
from autograder.toml_lines import line_of
from autograder.training_setting import TrainingSetting
from support.info import CheckInfo, Visibility

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def _in_hundredths(points: float) -> float:
    if abs(points * 100 - round(points * 100)) > 1e-6:
        raise ValueError("points have at most two decimals")
    return points


Points = Annotated[float, Field(ge=0, strict=True), AfterValidator(_in_hundredths)]
Weight = Annotated[float, Field(ge=0, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
Problem = Annotated[int, Field(ge=1)]
MOST_SAID = 5  # mistakes in one message


class SettingsError(Exception):
    """`assignment.toml` is missing, unreadable or wrong; the message names the key."""


@dataclass(frozen=True)
class _Source:
    """The file that the settings were read from, for messages about them."""

    name: str
    text: str

    def mistake(self, key: Sequence[object], said: str) -> SettingsError:
        """The error for the value of `key`, with its line if it stands there."""
        line = line_of(self.text, key)
        place = f"{self.name}: line {line}" if line else self.name
        return SettingsError(f"{place}: {'.'.join(map(str, key))}: {said}")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Shown(_Table):
    """When students see a check, by Gradescope's own words.

    `problems` overrides it for all checks of a problem, and `checks` both for single checks, by number.
    """

    public: Visibility = "visible"
    hidden: Visibility = "visible"
    problems: dict[Problem, Visibility] = {}
    checks: dict[str, Visibility] = {}


class Shortcuts(_Table):
    """Library calls that a submission may not make."""

    forbidden: tuple[Literal["nn.MultiheadAttention", "nn.Transformer", "F.scaled_dot_product_attention"], ...] = ()


class Answers(_Table):
    """Whether each right answer earns its own points, or a problem's answers only all together."""

    credit: Literal["each", "all"] = "each"


class Deadline(_Table):
    """What is said about lateness. Points are never changed: that is the platform's to do."""

    say_late: bool = Field(default=True, strict=True)


class RateLimit(_Table):
    """How many submissions are graded in how many hours; 0 is no limit."""

    submissions: int = Field(default=0, ge=0, strict=True)
    hours: Positive = 24


class Limits(_Table):
    """Time in seconds of the wall clock, memory in MB (2**20 bytes)."""

    run_seconds: Positive
    check_seconds: Positive
    training_seconds: Positive
    memory_mb: int = Field(ge=1024, strict=True)
    submission_files: int = Field(gt=0, strict=True)
    submission_mb: Positive


class TrainingSettings(_Table):
    """The short training that is graded, by kind of device."""

    cpu: TrainingSetting
    gpu: TrainingSetting


class Settings(_Table):
    """Everything in `assignment.toml`.

    `points` is by problem. By check number, `check_points` gives single checks their points, and `weights` overrides
    the weights by which the rest of a problem's points are shared out.
    """

    total_points: Points
    points: dict[Problem, Points]
    check_points: dict[str, Points] = {}
    weights: dict[str, Weight] = {}
    visibility: Shown = Shown()
    shortcuts: Shortcuts = Shortcuts()
    answers: Answers = Answers()
    deadline: Deadline = Deadline()
    rate_limit: RateLimit = RateLimit()
    limits: Limits
    training: TrainingSettings
    _source: _Source = PrivateAttr(default_factory=lambda: _Source("assignment.toml", ""))

    @model_validator(mode="after")
    def _points_add_up(self) -> Settings:
        if sorted(self.points) != list(range(1, len(self.points) + 1)):
            raise ValueError(f"points: one line for each problem from 1 to {max(self.points, default=1)}")
        if unknown := sorted(self.visibility.problems.keys() - self.points.keys()):
            raise ValueError(f"visibility.problems.{unknown[0]}: there is no such problem in points")
        total = sum(map(_hundredths, self.points.values()))
        if total != _hundredths(self.total_points):
            raise ValueError(f"total_points: it is {self.total_points:g}, but the points add up to {total / 100:g}")
        return self

    def points_by_check(self, checks: Sequence[CheckInfo]) -> dict[str, float]:
        """Allot each problem's points to its checks, in hundredths that add up exactly.

        Raises SettingsError when a problem has points but no check with a weight, or checks but no line for its
        points, when its checks' own points are more than it has, or when an override names no check.
        """
        self._refuse_unknown(self.weights, checks, ["weights"])
        self._refuse_unknown(self.check_points, checks, ["check_points"])
        allotted = {number: float(points) for number, points in self.check_points.items()}
        if without := sorted({check.problem for check in checks} - self.points.keys()):
            raise self._source.mistake(["points"], f"problem {without[0]} has checks, but no line here")
        for problem in sorted(self.points):
            mine = [check for check in sorted(checks, key=lambda check: check.order) if check.problem == problem]
            fixed = sum(_hundredths(allotted.get(check.number, 0.0)) for check in mine)
            rest = _hundredths(self.points[problem]) - fixed
            if rest < 0:
                key = next(check.number for check in mine if check.number in self.check_points)
                has = f"{fixed / 100:g} points, but problem {problem} has {self.points[problem]:g}"
                raise self._source.mistake(["check_points", key], f"single checks have {has}")
            weights = {
                check.number: Fraction(self.weights.get(check.number, check.weight))
                for check in mine
                if check.number not in self.check_points
            }
            if rest and not any(weights.values()):
                said = f"problem {problem} has points, but no check with a weight"
                raise self._source.mistake(["points", problem], said)
            allotted |= _allot(rest, weights)
        return allotted

    def visibility_by_check(self, checks: Sequence[CheckInfo], hidden: Set[str]) -> dict[str, Visibility]:
        """The visibility of each check by number: its own setting, its problem's, its declaration, that of its kind.

        Raises SettingsError when an override names no check.
        """
        self._refuse_unknown(self.visibility.checks, checks, ["visibility", "checks"])
        kinds: dict[bool, Visibility] = {True: self.visibility.hidden, False: self.visibility.public}
        declared = {check.number: check.visibility for check in checks if check.visibility}
        of_kind = {check.number: kinds[check.number in hidden] for check in checks}
        problems = self.visibility.problems
        of_problem = {check.number: problems[check.problem] for check in checks if check.problem in problems}
        return {**of_kind, **declared, **of_problem, **self.visibility.checks}

    def _refuse_unknown(self, table: Mapping[str, object], checks: Sequence[CheckInfo], key: list[str]) -> None:
        unknown = sorted(set(table) - {check.number for check in checks})
        if unknown:
            raise self._source.mistake([*key, unknown[0]], f"there is no check {unknown[0]}")


def load_settings(path: Path = SETTINGS) -> Settings:
    """Read and validate the settings. Raises SettingsError naming the file, the line and the key."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path.name}: {error}") from None
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(_Source(path.name, text), error)[:MOST_SAID])) from None
    settings._source = _Source(path.name, text)
    return settings


def _sentences(source: _Source, error: ValidationError) -> list[str]:
    """A line for each mistake. Misspelt keys come first, because what is missing is often the same key."""
    found = sorted(
        error.errors(), key=lambda mistake: mistake["type"] not in ("extra_forbidden", "unexpected_keyword_argument")
    )
    sentences = []
    for mistake in found:
        key = [part for part in mistake["loc"] if part != "[key]"]
        said = {
            "extra_forbidden": "there is no such setting",
            "unexpected_keyword_argument": "there is no such setting",
            "tuple_type": "Input should be a list",
        }
        message = said.get(mistake["type"], mistake["msg"].removeprefix("Value error, "))
        if not key:  # of several tables together; the message begins with the one to look at
            first, _, message = message.partition(": ")
            key = [*first.split(".")]
        sentences.append(str(source.mistake(key, message)))
    return sentences


def _allot(hundredths: int, weights: dict[str, Fraction]) -> dict[str, float]:
    """Shares by the largest remainder; ties go to the lower check number."""
    total = sum(weights.values(), Fraction(0))
    shares = {number: hundredths * weight / total if total else Fraction(0) for number, weight in weights.items()}
    floors = {number: int(share) for number, share in shares.items()}
    by_remainder = sorted(shares, key=lambda number: floors[number] - shares[number])
    for number in by_remainder[: hundredths - sum(floors.values())]:
        floors[number] += 1
    return {number: value / 100 for number, value in floors.items()}


def _hundredths(points: float) -> int:
    return round(points * 100)
