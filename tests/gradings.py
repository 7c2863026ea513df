"""Gradings that tests are about: what the selected tests need is graded in one go, then each test reads its own.

A test asks for one with `@pytest.mark.grades(Job(...))` and the fixture `grading`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from autograder.paths import ROOT
from tests.patches import Change, write_patched

PROCESSES = 2
FAILING = {"failed", "error in the submission", "timed out", "out of memory"}


@dataclass(frozen=True)
class Job:
    """A submission, which is the reference with `changes` or the folder `whole`, and how it is graded."""

    name: str
    changes: tuple[Change, ...] = ()
    whole: Path | None = None
    training: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Grading:
    """What the grader made of a job: its exit code, what it printed, and results.json."""

    exit_code: int
    printed: str
    results: dict[str, Any]

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each check by number."""
        return {test["number"]: test["extra_data"]["outcome"] for test in self._checks}

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

    def output(self, number: str) -> str:
        """What a student reads under this check."""
        return next(str(test["output"]) for test in self._checks if test["number"] == number)

    def expect_sound(self, *, training: bool) -> None:
        """Assert what holds for every grading: no grader error, everything run, and points that add up."""
        assert self.exit_code == 0, self.printed
        left_out = {number for number, outcome in self.outcomes.items() if outcome == "not run"}
        known = FAILING | {"passed", "blocked", "not run"}
        assert {number: outcome for number, outcome in self.outcomes.items() if outcome not in known} == {}
        assert bool(left_out) is not training
        for test in self._checks:
            if test["number"] not in left_out:
                passed = test["extra_data"]["outcome"] == "passed"
                assert test["score"] == (test["max_score"] if passed else 0), test
                assert test["status"] == ("passed" if passed else "failed"), test
        assert _hundredths(self.results["score"]) == self.score
        assert not training or self.reachable == 100

    @property
    def _checks(self) -> list[dict[str, Any]]:
        return [test for test in self.results["tests"] if "number" in test]


def grade_all(jobs: Iterable[Job], folder: Path) -> dict[Job, Grading]:
    """Grade each job once, `PROCESSES` at a time, in forks of one process that has torch imported."""
    # The long ones first, so that no core is idle at the end.
    ordered = sorted(set(jobs), key=lambda job: (not job.training, job.name, job.seed))
    requests = {job: _request(job, folder / f"{number:03}-{job.name}") for number, job in enumerate(ordered)}
    listing = folder / "jobs.json"
    listing.write_text(json.dumps(list(requests.values())), encoding="utf-8")
    command = [sys.executable, "-m", "tests.grade_many", str(listing), "--processes", str(PROCESSES)]
    subprocess.run(command, cwd=ROOT, check=False)
    return {job: _read(Path(request["out"])) for job, request in requests.items()}


def _request(job: Job, folder: Path) -> dict[str, Any]:
    submission = job.whole or write_patched(job.changes, folder / "submission")
    return {
        "submission": str(submission),
        "out": str(folder / "results"),
        "without_training": not job.training,
        "seed": job.seed,
    }


def _read(out: Path) -> Grading:
    return Grading(
        exit_code=int((out / "exit_code").read_text()),
        printed=(out / "printed.txt").read_text(encoding="utf-8"),
        results=json.loads((out / "results.json").read_text(encoding="utf-8")),
    )


def _hundredths(points: float) -> Fraction:
    """Points as they are written, exactly."""
    return Fraction(round(points * 100), 100)
