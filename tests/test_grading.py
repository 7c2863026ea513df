"""The grader as its users start it: exit codes, and results that keep what was earned whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import REFERENCE, ROOT, SETTINGS

SCHEMA = json.loads((ROOT / "tests" / "gradescope.schema.json").read_text(encoding="utf-8"))
NUMBERS = {info.number for info in load_catalogue().checks}
PARTS = ("autograder", "reference", "student_template", "assignment.toml")

Results = dict[str, Any]


def start(project: Path, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONSAFEPATH": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def grade(project: Path, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    process = start(project, *arguments, **environment)
    printed, _ = process.communicate(timeout=300)
    return process.returncode, printed


def results(path: Path) -> Results:
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(found, SCHEMA)
    return found


def outcomes(found: Results) -> dict[str, str]:
    return {test["number"]: test["extra_data"]["outcome"] for test in found["tests"] if "number" in test}


def copy_project(root: Path, *replacements: tuple[str, str]) -> Path:
    """A copy of the project, with settings replaced."""
    root.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    text = SETTINGS.read_text(encoding="utf-8")
    for old, new in replacements:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (root / "assignment.toml").write_text(text, encoding="utf-8")
    return root


def copy_solution(folder: Path) -> Path:
    """A submission that is right."""
    shutil.copytree(REFERENCE / "charlm", folder / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REFERENCE / "answers.toml", folder)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    return partial(copy_project, tmp_path / "project")


@pytest.fixture
def solution(tmp_path: Path) -> Path:
    return copy_solution(tmp_path / "solution")


def test_without_a_submission_the_usage_is_wrong(tmp_path: Path) -> None:
    code, printed = grade(ROOT, AUTOGRADER_PLATFORM=str(tmp_path / "none"))
    assert (code, "name a submission" in printed) == (2, True)


def test_path_that_is_no_submission_is_named(tmp_path: Path) -> None:
    code, printed = grade(ROOT, tmp_path / "nobody", "--out", tmp_path / "out")
    assert (code, f"there is no submission at {tmp_path / 'nobody'}" in printed) == (2, True)
    assert not (tmp_path / "out").exists()


def test_unusable_submission_has_every_check_at_zero(solution: Path, tmp_path: Path) -> None:
    (solution / "charlm" / "data.py").unlink()
    code, printed = grade(ROOT, solution, "--out", tmp_path / "out")
    found = results(tmp_path / "out" / "results.json")
    assert code == 0
    assert "data.py" in printed
    assert "data.py" in found["output"]
    assert {test["number"]: test["score"] for test in found["tests"]} == dict.fromkeys(NUMBERS, 0.0)


def test_wrong_settings_end_as_not_graded(project: Callable[..., Path], solution: Path, tmp_path: Path) -> None:
    code, printed = grade(project(("total_points = 100", "total_points = 90")), solution, "--out", tmp_path / "out")
    assert (code, "points add up to 100" in printed) == (2, True)
    assert results(tmp_path / "out" / "results.json")["extra_data"]["state"] == "not graded"


def test_results_of_an_earlier_run_are_never_taken_for_new_ones(
    project: Callable[..., Path], solution: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    earlier = {"tests": [{"number": "1.1", "name": "old", "score": 1.0, "max_score": 1.0, "status": "passed"}]}
    (out / "results.json").write_text(json.dumps(earlier))
    code, _ = grade(project(("total_points = 100", "total_points = 90")), solution, "--out", out)
    assert code == 2
    assert "old" not in (out / "results.json").read_text()


def test_faults_of_the_graders_own_files_cost_no_point(
    project: Callable[..., Path], solution: Path, tmp_path: Path
) -> None:
    root = project(("num_steps = 350", "num_steps = 351"))
    insert(root / "reference" / "charlm" / "attention.py", "def attention_scores(", "raise RuntimeError('broken')")
    code, printed = grade(root, solution, "--out", tmp_path / "out", "--seed", "1")
    found = results(tmp_path / "out" / "results.json")
    assert (code, found["extra_data"]["state"]) == (3, "not graded")
    assert "python -m autograder calibrate" in printed
    assert "trusted code failed: RuntimeError: broken" in printed
    verdicts = outcomes(found)
    faults = {number for number in NUMBERS if verdicts[number] == "grader error"}
    assert load_catalogue().trained < faults
    assert {verdicts[number] for number in NUMBERS - faults} == {"passed"}
    assert all("score" not in test for test in found["tests"] if test.get("number") in faults)


def test_grader_that_is_killed_leaves_valid_results(solution: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "results.json"
    process = start(ROOT, solution, "--out", tmp_path / "out", "--without-training")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if file.exists() and "passed" in outcomes(results(file)).values():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    found = results(file)
    assert found["extra_data"]["state"] == "unfinished"
    assert found["score"] > 0
    assert outcomes(found).keys() == NUMBERS


def test_platform_is_graded_whatever_files_lie_beside(solution: Path, tmp_path: Path) -> None:
    platform = tmp_path / "platform"
    (platform / "results").mkdir(parents=True)
    submission = platform / "submission"
    shutil.copytree(solution, submission)
    for name in ("conftest.py", "torch.py", "sitecustomize.py", "pytest.py", "support/probes.py", "charlm/torch.py"):
        path = submission / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('this file was imported')\n")
    (submission / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    code, printed = grade(ROOT, "--without-training", AUTOGRADER_PLATFORM=str(platform))
    found = results(platform / "results" / "results.json")
    assert code == 0, printed
    assert found["extra_data"]["state"] == "graded"
    assert set(outcomes(found).values()) == {"passed", "not run"}


def insert(path: Path, signature: str, statements: str) -> None:
    """Put statements at the beginning of a function's body, after its docstring."""
    text = path.read_text(encoding="utf-8")
    start = text.index(signature)
    body = text.index('"""', text.index('"""', start) + 3) + 3
    path.write_text(f"{text[:body]}\n    {statements}\n{text[body:]}", encoding="utf-8")
