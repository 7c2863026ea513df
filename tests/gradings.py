"""Gradings that tests are about: how a submission is graded, and what came of it.

A test asks for one with `@pytest.mark.grades(Job(...))` and the fixture `grading`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema

from autograder.paths import SETTINGS
from tests.canaries import Canaries
from tests.patches import Change, write_patched

SCHEMA = json.loads(Path(__file__).with_name("gradescope.schema.json").read_text())
FORMAT = jsonschema.Draft202012Validator(SCHEMA)
PLANTED = "planted.txt"  # a canary among the results
FAILING = {"failed", "error in the submission", "timed out", "out of memory"}


@dataclass(frozen=True)
class Job:
    """A submission and how it is graded.

    It is the reference with `changes` and with `appended` (pairs of a file and the text that goes to its end), or what
    `build` makes in an empty folder, or `whole`. `checks` are those to run, None for all. `limits` are other values for
    assignment.toml's `[limits]`, `forbidden` the library calls that it forbids. `waits`: it sleeps rather than
    computes, so that it is graded beside the others. `reported`: with the pages of a report, which most tests can do
    without. Jobs that differ in no more than their name are graded once.
    """

    name: str = field(compare=False)
    changes: tuple[Change, ...] = ()
    appended: tuple[tuple[str, str], ...] = ()
    build: Callable[[Path], Path] | None = None
    whole: Path | None = None
    training: bool = False
    checks: frozenset[str] | None = None
    seed: int = 0
    limits: tuple[tuple[str, float], ...] = ()
    forbidden: tuple[str, ...] = ()
    on_platform: bool = False
    reported: bool = False
    waits: bool = False

    @property
    def alone(self) -> bool:
        """No other test runs meanwhile: canaries lie among the grader's files, or the submission is hostile.

        Or a grader is needed that has not been imported yet, so that it reads other settings.
        """
        return self.on_platform or self.reported or self.has_settings

    @property
    def has_settings(self) -> bool:
        """Whether it is graded by settings of its own."""
        return bool(self.limits or self.forbidden)


@dataclass(frozen=True)
class Usage:
    """What a grading cost, and what it left behind: processes, and files outside of its results.

    `peak_mb` is the resident memory of its largest process.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    left: list[str]


@dataclass(frozen=True)
class Grading:
    """What the grader made of a job: its exit code, what it printed, results.json, and what it cost.

    `leaks` are the places of canaries that stand in anything that the grader put out, `pages` those of its report.
    """

    exit_code: int
    printed: str
    results: dict[str, Any]
    usage: Usage
    leaks: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each check by number."""
        return {test["number"]: test["extra_data"]["outcome"] for test in self._checks}

    @cached_property
    def not_of_the_format(self) -> list[str]:
        """What in the results Gradescope would not take, in words."""
        return [error.message for error in FORMAT.iter_errors(self.results)]

    @property
    def failed(self) -> set[str]:
        """The checks that lay the blame on something."""
        return {number for number, outcome in self.outcomes.items() if outcome in FAILING}

    @property
    def blocked(self) -> set[str]:
        """The checks that a broken part below them explains."""
        return {number for number, outcome in self.outcomes.items() if outcome == "blocked"}

    @property
    def score(self) -> Fraction:
        """The points of all checks, added up exactly."""
        return sum((_hundredths(test["score"]) for test in self._checks if "score" in test), Fraction(0))

    @property
    def reachable(self) -> Fraction:
        """The points of all checks that were run."""
        return sum((_hundredths(test["max_score"]) for test in self._checks if "score" in test), Fraction(0))

    def points(self, number: str) -> Fraction:
        """The most that this check gives."""
        return next(_hundredths(test["max_score"]) for test in self._checks if test["number"] == number)

    def output(self, number: str) -> str:
        """What a student reads under this check."""
        return next(str(test["output"]) for test in self._checks if test["number"] == number)

    def expect_sound(self, *, training: bool, checks: frozenset[str] | None = None) -> None:
        """Assert what holds for every grading: no grader error, everything run, and points that add up.

        `checks` are those that were to be run, None for all.
        """
        assert self.exit_code == 0, self.printed
        left_out = {number for number, outcome in self.outcomes.items() if outcome == "not run"}
        known = FAILING | {"passed", "blocked", "not run"}
        assert {number: outcome for number, outcome in self.outcomes.items() if outcome not in known} == {}
        if checks is None:
            assert bool(left_out) is not training
        else:
            assert left_out == self.outcomes.keys() - checks
        for test in self._checks:
            if test["number"] not in left_out:
                passed = test["extra_data"]["outcome"] == "passed"
                assert test["score"] == (test["max_score"] if passed else 0), test
                assert test["status"] == ("passed" if passed else "failed"), test
        assert _hundredths(self.results["score"]) == self.score
        assert not training or checks is not None or self.reachable == 100

    @property
    def _checks(self) -> list[dict[str, Any]]:
        return [test for test in self.results["tests"] if "number" in test]


def request(job: Job, folder: Path) -> dict[str, Any]:
    """What `tests.grade_many` is told of a job, whose submission and results are put into `folder`."""
    seed_file = folder / "seed"
    seed_file.parent.mkdir(parents=True)
    seed_file.write_text(str(job.seed))
    return {
        "submission": str(_submission(job, folder / "submission")),
        "out": str(folder / "results"),
        "without_training": not job.training,
        "seed_file": str(seed_file),  # not the seed: whatever the warm process reads, every submission inherits
        "checks": None if job.checks is None else sorted(job.checks),
        "settings": str(_settings(job, folder / SETTINGS.name)) if job.has_settings else None,
        "on_platform": job.on_platform,
        "reported": job.reported,
        "waits": job.waits,
    }


def _submission(job: Job, folder: Path) -> Path:
    if job.whole is not None:
        return job.whole
    if job.build is not None:
        folder.mkdir(parents=True)
        return job.build(folder)
    write_patched(job.changes, folder)
    for name, text in job.appended:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\n\n" + text)
    return folder


def _settings(job: Job, path: Path) -> Path:
    forbidden = [("forbidden", json.dumps(job.forbidden))] if job.forbidden else []
    return write_settings([*job.limits, *forbidden], path)


def write_settings(values: Iterable[tuple[str, float | str]], path: Path) -> Path:
    """Write assignment.toml with these values, numbers and lists, in place of its own."""
    text = SETTINGS.read_text(encoding="utf-8")
    for name, value in values:
        text, count = re.subn(rf"^{name} = ([0-9.]+|\[.*\])", f"{name} = {value}", text, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{SETTINGS.name}: {name} stands there {count} times, not once")
    path.write_text(text, encoding="utf-8")
    return path


def read(out: Path, canaries: Canaries) -> Grading:
    """What became of a job whose results are in `out`."""
    printed = (out / "printed.txt").read_bytes().decode("utf-8")  # as it is: reading text would change line ends
    told = [path.read_text(encoding="utf-8") for path in out.rglob("*") if path.is_file() and path.name != PLANTED]
    return Grading(
        exit_code=int((out / "exit_code").read_text()),
        printed=printed,
        results=json.loads((out / "results.json").read_text(encoding="utf-8")),
        usage=Usage(**json.loads((out / "usage.json").read_text())),
        leaks=canaries.seen_in("\n".join(told)),
        pages={path.name: path.read_text(encoding="utf-8") for path in out.glob("*.html")},
    )


def _hundredths(points: float) -> Fraction:
    """Points as they are written, exactly."""
    return Fraction(round(points * 100), 100)
