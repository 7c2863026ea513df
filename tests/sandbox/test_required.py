"""Where grades count, nothing runs on a system that cannot hold a submission."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.grading import run
from autograder.paths import ROOT
from autograder.sandbox import privileges

PARTS = ("autograder", "reference", "student_template", "assignment.toml")


def lacking(missing: list[str], *, on_platform: bool) -> list[str]:
    context: Any = SimpleNamespace(
        missing_protections=missing, request=SimpleNamespace(on_platform=on_platform), device="cpu"
    )
    return run._protections_lacking(context)


def test_what_has_to_be_there_ends_the_run_on_the_platform() -> None:
    for name in ("a user id of its own", "RLIMIT_AS", "a filter of system calls: Invalid argument"):
        with pytest.raises(RuntimeError, match=f"lacks what holds a submission: {name}"):
            lacking([privileges.NO_LANDLOCK, name], on_platform=True)


def test_what_no_instructor_can_change_is_only_said() -> None:
    for name in privileges.OPTIONAL:
        assert lacking([name], on_platform=True) == [f"this system lacks a protection against submissions: {name}"]
    assert lacking([], on_platform=True) == []


def test_elsewhere_all_is_only_said() -> None:
    assert len(lacking(["a user id of its own", privileges.NO_LANDLOCK], on_platform=False)) == 2


@pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux")
def test_a_platform_without_the_filter_grades_nothing(tmp_path: Path) -> None:
    project, platform = tmp_path / "project", tmp_path / "platform"
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        project.mkdir(exist_ok=True)
        copy(ROOT / part, project / part)
    with (project / "autograder" / "sandbox" / "seccomp.py").open("a") as file:
        file.write('\n\ndef install(on: Processor) -> None:\n    raise OSError(38, "Function not implemented")\n')
    (platform / "results").mkdir(parents=True)
    shutil.copytree(ROOT / "reference" / "charlm", platform / "submission" / "charlm")
    (platform / "submission" / "charlm" / "model.py").write_text("raise SystemExit('this was imported')\n")
    environment = {"PYTHONPATH": str(project), "PYTHONSAFEPATH": "1", "AUTOGRADER_PLATFORM": str(platform)}
    graded = subprocess.run(
        [sys.executable, "-m", "autograder", "grade"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert graded.returncode == 3, graded.stdout
    said = "this system lacks what holds a submission: a filter of system calls: Function not implemented"
    assert said in graded.stderr
    found = json.loads((platform / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["extra_data"]["state"] == "not graded"
    assert {test["extra_data"]["outcome"] for test in found["tests"] if "number" in test} == {"not reached"}
    seen_by = [test["visibility"] for test in found["tests"] if said in " ".join(test.get("output", "").split())]
    assert seen_by == ["hidden"]
    assert said not in " ".join(found["output"].split())
