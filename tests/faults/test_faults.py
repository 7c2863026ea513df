"""Whatever breaks in the grader or around it: results stay valid, what was earned stays, and nothing looks final."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autograder.paths import ROOT
from tests.faults.cases import CASES
from tests.faults.stage import NUMBERS, OUTCOMES, Case

SCHEMA = json.loads((ROOT / "tests" / "gradescope.schema.json").read_text(encoding="utf-8"))
SECONDS = 30  # for the longest case on a machine that is busy


@pytest.mark.parametrize("name", CASES)
def test_fault_costs_no_point(name: str, endings: Path) -> None:
    case, folder = CASES[name], endings / name
    end = json.loads((folder / "end.json").read_text())
    errors = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace")
    assert end["code"] == case.code, errors
    assert end["seconds"] < SECONDS
    assert end["processes"] == []
    assert end["temporary"] == [] or case.leaves_files
    assert re.search(case.printed, errors), errors
    if case.outcomes is None:
        assert not (folder / "results" / "results.json").exists()
        return
    results = json.loads((folder / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, SCHEMA)
    assert list((folder / "results").glob(".results*")) == []
    expect_outcomes(results, case)
    expect_words(results, case)


def expect_outcomes(results: dict[str, Any], case: Case) -> None:
    """Each check's outcome and points, and that no score stands where there is no verdict."""
    checks = [test for test in results["tests"] if "number" in test]
    assert results["extra_data"]["state"] == case.state, results["tests"][-1]["output"]
    found = {test["number"]: test["extra_data"]["outcome"] for test in checks}
    expected = {number: OUTCOMES[letter] for number, letter in zip(NUMBERS, case.outcomes or "", strict=False)}
    assert found == expected, results["tests"][-1]["output"]
    for test in checks:
        if test["extra_data"]["outcome"] == "passed":
            assert test["score"] == test["max_score"] > 0
        elif case.state == "not graded" and "status" not in test:
            assert "score" not in test
    assert results["score"] == sum(test.get("score", 0) for test in checks)


def expect_words(results: dict[str, Any], case: Case) -> None:
    """The reason stands where staff see it, and only there."""
    staff = [test for test in results["tests"] if "number" not in test]
    assert len(staff) == (case.state != "graded")
    for test in staff:
        assert test["visibility"] == "hidden"
        assert re.search(case.said, " ".join(test["output"].split())), test["output"]
    shown = " ".join(results["output"].split())
    assert ("Not graded" in shown) == (case.state == "not graded")
    if case.state != "graded" and case.outcomes:
        assert not re.search(case.said, shown) or case.said == "Regrade it"
