"""No answer of a submission, however odd, makes a check raise anything but that the submission is at fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import PUBLIC_CHECKS, ROOT


def _reports(parts: int, *arguments: str, timeout: int) -> list[dict[str, Any]]:
    """What `run_odd_values` reports about all checks, run in so many processes, each with its part of them."""
    numbers = [info.number for info in load_catalogue().checks]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(PUBLIC_CHECKS)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.run_odd_values", *arguments, "--checks"]
    running = [
        subprocess.Popen([*command, *numbers[part::parts]], stdout=subprocess.PIPE, env=environment, cwd=ROOT)
        for part in range(parts)
    ]
    printed = [process.communicate(timeout=timeout)[0] for process in running]
    assert [process.returncode for process in running] == [0] * parts
    return [json.loads(text.splitlines()[-1]) for text in printed]


def test_odd_answers_are_never_the_graders_error(cores: Callable[[], int]) -> None:
    reports = _reports(cores(), timeout=600)
    assert [wrong for report in reports for wrong in report["wrong"]] == []
    assert sum(report["cases"] for report in reports) > 1500


@pytest.mark.every_submission
def test_every_odd_answer_is_never_the_graders_error(cores: Callable[[], int]) -> None:
    reports = _reports(cores(), "--every", timeout=7200)
    assert [wrong for report in reports for wrong in report["wrong"]] == []
    assert sum(report["cases"] for report in reports) > 50_000
