"""The rehearsal, with zips whose grader is a few lines of shell: what passes, and what must not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from autograder import packing
from autograder.paths import REFERENCE, ROOT, SETTINGS
from autograder.rehearsal import container, platform
from autograder.rehearsal.container import SIZES, Container, Ended, Size
from autograder.rehearsal.rehearse import Rehearsal, RehearsalError, rehearse
from autograder.rehearsal.submissions import Case, metadata
from autograder.results.contract import ContractError, read_results
from tests.made_up_runs import SCHEMA

ROOTS = platform.sys.platform == "linux" and platform.os.geteuid() == 0

GRADER = """#!/usr/bin/env bash
cd "${AUTOGRADER_PLATFORM:-/autograder}"
score=100
grep -q NotImplementedError submission/charlm/*.py && score=0
state=graded
MORE
cat >results/results.json <<JSON
{"score": $score, "tests": [{"score": $score, "max_score": 100, "status": "passed"}], "extra_data": {"state": "$state"}}
JSON
"""
TESTED = """
python3 - <<'PYTHON' || exit 9
import json
found = json.load(open("submission_metadata.json"))
assert found["assignment"]["total_points"] == "100.0"
print("late" if found["assignment"]["late_due_date"] else "in time", len(found["previous_submissions"]))
PYTHON
[ -x run_autograder ] && [ -f source/run_autograder ] && [ -f submission/answers.toml ] || exit 8
"""


def fake_zip(folder: Path, more: str = "", set_up: str = "echo ready\n", mode: bool = True) -> Path:
    contents = {
        "setup.sh": set_up.encode(),
        "run_autograder": GRADER.replace("MORE", more).encode(),
        "assignment.toml": SETTINGS.read_bytes(),
        "reference/charlm/model.py": b"",
    }
    archive = folder / "fake.zip"
    archive.write_bytes(packing.zipped(contents, contents if mode else ()))
    return archive


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that only has to be there."""
    (tmp_path / "venv").mkdir()
    monkeypatch.setattr("autograder.rehearsal.rehearse.installed_environment", lambda: tmp_path / "venv")


def play(archive: Path) -> tuple[Rehearsal, str]:
    said: list[str] = []
    return rehearse(archive, SIZES["0.5"], tell=said.append), "\n".join(said)


@pytest.mark.usefixtures("environment")
def test_a_zip_that_keeps_the_contract_passes_and_is_measured(tmp_path: Path) -> None:
    seen, said = play(fake_zip(tmp_path, TESTED))
    assert next(iter(seen.steps)) == "setup.sh"
    assert [step.printed.strip() for step in seen.steps.values()] == ["ready", "in time 0", "late 2"]
    assert seen.smallest_safe() == SIZES["0.5"]
    assert "smallest safe size: 0.5 CPU / 0.75 GB" in said
    assert "not rehearsed: the installation of packages" in said
    assert (seen.limited, seen.true_paths) == (ROOTS, ROOTS) or not ROOTS


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("installed", [True, False], ids=["own environment", "given environment"])
def test_without_root_another_folder_stands_in_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    def refuse(size: Size, made: list[Path]) -> None:
        raise PermissionError

    monkeypatch.setattr(platform, "_can_enter", lambda folder: False)
    monkeypatch.setattr(container, "_version_1", refuse)
    monkeypatch.setattr(container, "_version_2", refuse)
    seen = rehearse(fake_zip(tmp_path, TESTED), SIZES["1"], install=installed, tell=lambda line: None)
    assert (seen.limited, seen.true_paths, seen.installed) == (False, False, installed)
    assert ["limits" in " ".join(seen.not_shown()), "/autograder" in " ".join(seen.not_shown())] == [True, True]
    assert ("installation" in " ".join(seen.not_shown())) is not installed


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "set-up fails": ({"set_up": "echo no network; exit 3"}, "setup.sh failed with exit status 3:\nno network"),
    "carriage returns": ({"set_up": "true\r\n"}, "needs setup.sh at its root, with LF"),
    "not executable": ({"mode": False}, "run_autograder is not executable"),
    "exit status": ({"more": "exit 3"}, "run_autograder ended with exit status 3"),
    "no results": ({"more": "exit 0"}, "No such file"),
    "malformed results": ({"more": "echo '{' >results/results.json; exit 0"}, "results.json: the document"),
    "a status of null": (
        {"more": 'echo \'{"score": 1, "tests": [{"status": null}]}\' >results/results.json; exit 0'},
        "tests.0.status",
    ),
    "not graded": ({"more": "state='not graded'"}, "the run is not graded"),
    "a wrong score": ({"more": "score=99"}, "the reference, in time: 99 points, where 100 are right"),
    "points for nothing": (
        {"more": "score=100"},
        "the untouched template, late and again: 100 points, where 0 are right",
    ),
}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_the_rehearsal_and_is_named(tmp_path: Path, fault: str) -> None:
    options, said = FAULTS[fault]
    with pytest.raises(RehearsalError, match=said.replace(".", r"\.")):
        play(fake_zip(tmp_path, **options))  # type: ignore[arg-type]


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(not ROOTS, reason="limits take root")
def test_memory_beyond_the_containers_is_found_out(tmp_path: Path) -> None:
    hog = "python3 -c 'x = bytearray(900 << 20)' && exit 0; exit 1"
    with pytest.raises(RehearsalError, match=r"memory ran out at 0\.5 CPU / 0\.75 GB"):
        play(fake_zip(tmp_path, hog))


def test_what_is_no_zip_is_named(tmp_path: Path, environment: None) -> None:
    (tmp_path / "no.zip").write_text("no zip")
    with pytest.raises(RehearsalError, match=r"no\.zip cannot be unpacked"):
        play(tmp_path / "no.zip")


def test_without_an_environment_there_is_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.rehearsal.rehearse.installed_environment", lambda: None)
    with pytest.raises(RehearsalError, match="--install"):
        play(fake_zip(tmp_path))


def run(size: Size, script: str, seconds: float = 30.0) -> Ended:
    with Container(size) as held:
        return held.run([sys.executable, "-c", script], ROOT, {}, seconds)


HOLD = "import os, time; x = bytearray(os.urandom(1 << 20)) * 100; pid = os.fork(); time.sleep(0.8); pid and os.wait()"


def test_what_forks_share_counts_once() -> None:
    ended = run(SIZES["1"], HOLD)
    assert ended.status == 0
    assert 100 < ended.peak_mb < 190 or sys.platform != "linux"


@pytest.mark.skipif(not ROOTS, reason="limits take root")
def test_half_a_processor_takes_twice_as_long() -> None:
    ended = run(SIZES["0.5"], "import time\nwhile time.process_time() < 0.6: pass")
    assert ended.seconds > 0.9


def test_a_command_that_does_not_end_is_ended_with_all_it_started() -> None:
    ended = run(SIZES["1"], "import os, time; os.fork(); time.sleep(60)", seconds=1.0)
    assert (ended.status, ended.seconds < 10) == (-9, True)


def measured(peak_mb: float, seconds: float, cpu_seconds: float) -> Rehearsal:
    ended = Ended(0, seconds, cpu_seconds, peak_mb, False, "")
    steps = {"setup.sh": replace(ended, seconds=1e6), "grading": ended}
    return Rehearsal(SIZES["1"], True, True, True, run_seconds=540, steps=steps)


@pytest.mark.parametrize(
    ("peak_mb", "seconds", "cpu_seconds", "size"),
    [
        (614, 40, 40, "0.5"),
        (615, 40, 40, "1"),
        (500, 150, 150, "1"),
        (500, 150, 130, "0.5"),
        (1229, 30, 30, "2"),
        (2458, 30, 30, "4"),
        (5000, 30, 30, None),
        (500, 280, 270, None),
    ],
)
def test_the_smallest_safe_size(peak_mb: float, seconds: float, cpu_seconds: float, size: str | None) -> None:
    assert measured(peak_mb, seconds, cpu_seconds).smallest_safe() == (SIZES[size] if size else None)


DOCUMENTED = {
    "": {"id", "created_at", "submission_method", "assignment", "users", "previous_submissions"},
    "assignment": {
        *("due_date", "late_due_date", "release_date", "group_size", "group_submission", "id", "course_id"),
        *("title", "total_points"),
    },
    "users": {"email", "id", "name"},
    "previous_submissions": {"submission_time", "score", "autograder_error", "results"},
}


def test_metadata_has_every_documented_field() -> None:
    found = metadata(Case("again", REFERENCE, None, late=True, earlier=(40, 50)), 100)
    for key, fields in DOCUMENTED.items():
        part = found[key] if key else found
        assert set(part[0] if isinstance(part, list) else part) == fields
    results = [earlier["results"] for earlier in found["previous_submissions"]]
    assert (results[0], bool(results[1])) == ({}, True)
    assert found["created_at"] > found["assignment"]["due_date"]


@pytest.mark.parametrize("golden", sorted((ROOT / "tests" / "golden").glob("*.json")), ids=lambda path: path.stem)
def test_what_the_grader_writes_keeps_the_contract(golden: Path) -> None:
    assert read_results(golden.read_bytes()).model_fields_set


BROKEN = {
    "no score": '{"tests": [{"name": "x"}]}',
    "a score that is no number": '{"score": "100"}',
    "a score of NaN": '{"score": NaN}',
    "a status of its own": '{"score": 1, "tests": [{"status": "error"}]}',
    "a number that is no text": '{"score": 1, "tests": [{"number": 1.1}]}',
    "a key that nobody knows": '{"score": 1, "points": 1}',
    "an unknown format": '{"score": 1, "output_format": "markdown"}',
    "no object": "[]",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_what_the_platform_would_not_take_is_named(broken: str) -> None:
    with pytest.raises(ContractError, match=r"^results\.json: "):
        read_results(BROKEN[broken].encode())


def test_both_descriptions_of_the_contract_agree_on_what_there_is() -> None:
    """The tests' JSON Schema was written independently of the product's model."""
    model = {
        "": read_results(b'{"score": 1}').__class__.model_fields,
        "test": read_results(b'{"score": 1, "tests": [{}]}').tests[0].__class__.model_fields,
    }
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == set(model[""])
    assert set(SCHEMA["$defs"]["test"]["properties"]) == set(model["test"])
