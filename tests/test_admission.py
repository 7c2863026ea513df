"""What grading makes of the platform's metadata: lateness is said, too many submissions get their last results."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from autograder.grading.admission import Admission, admit
from autograder.paths import REFERENCE
from autograder.rehearsal.submissions import Case, metadata
from autograder.results.contract import read_results
from autograder.settings import RateLimit

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
EARLIER = {"score": 42.5, "output": "What was said.", "tests": [{"score": 42.5, "max_score": 100.0, "number": "8.1"}]}


def earlier(hours: float, **more: Any) -> dict[str, Any]:
    time = (NOW - timedelta(hours=hours)).isoformat()
    return {"submission_time": time, "score": 42.5, "autograder_error": False, "results": {}, **more}


def written(folder: Path, *previous: dict[str, Any], **more: Any) -> Path:
    found = metadata(Case("", REFERENCE, None), 100)
    found |= {"created_at": NOW.isoformat(), "previous_submissions": list(previous), **more}
    path = folder / "submission_metadata.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def ask(path: Path, submissions: int = 0, hours: float = 24, say_late: bool = True) -> Admission:
    return admit(path, RateLimit(submissions=submissions, hours=hours), say_late=say_late)


def test_in_time_and_without_a_limit_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert ask(written(tmp_path, earlier(1), earlier(2))) == Admission()


@pytest.mark.parametrize(("minutes", "said"), [(1, "1 minutes"), (190, "3 hours"), (3000, "2 days")])
def test_lateness_is_said_and_costs_nothing(tmp_path: Path, minutes: int, said: str) -> None:
    due = {"due_date": (NOW - timedelta(minutes=minutes)).isoformat()}
    path = written(tmp_path, assignment=due)
    assert ask(path).notes == (f"Handed in {said} after the due date. That changed no points here.",)
    assert ask(path, say_late=False) == Admission()


def test_one_too_many_gets_the_last_results_once_more(tmp_path: Path) -> None:
    path = written(tmp_path, earlier(30), earlier(20), earlier(5, results=EARLIER))
    assert ask(path, submissions=3).instead is None
    instead = ask(path, submissions=2).instead
    assert instead is not None
    results = read_results(json.dumps(instead).encode())
    assert (results.score, results.tests[0].number, results.extra_data["state"]) == (42.5, "8.1", "turned away")
    assert "there were 2 in 24 hours already" in results.output
    assert "from 2026-03-01 16:00 UTC on" in results.output
    assert results.output.endswith("What was said.")


def test_being_turned_away_twice_says_so_once(tmp_path: Path) -> None:
    first = ask(written(tmp_path, earlier(2, results=EARLIER)), submissions=1).instead
    second = ask(written(tmp_path, earlier(2), earlier(1, results=first)), submissions=1).instead
    assert second is not None
    assert (second["output"].count("not graded"), second["output"].endswith("What was said.")) == (1, True)


@pytest.mark.parametrize("results", [None, {}, {"score": "much"}, {"tests": [{"status": None}]}])
def test_without_usable_results_the_score_stands(tmp_path: Path, results: object) -> None:
    instead = ask(written(tmp_path, earlier(1, results=results)), submissions=1).instead
    assert instead is not None
    assert (instead["score"], instead["tests"]) == (42.5, [])


NOT_COUNTED = {
    "what the platform failed at": earlier(1, autograder_error=True),
    "what the grader failed at": earlier(1, results={"extra_data": {"state": "not graded"}}),
    "what was cut off": earlier(1, results={"extra_data": {"state": "unfinished"}}),
    "what is long ago": earlier(24),
    "what comes later": earlier(-1),
}


@pytest.mark.parametrize("kind", NOT_COUNTED)
def test_what_does_not_count(tmp_path: Path, kind: str) -> None:
    assert ask(written(tmp_path, NOT_COUNTED[kind]), submissions=1).instead is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"created_at": "yesterday"}', "\x00", '{"created_at": 5e99}'])
def test_odd_metadata_keeps_nobody_from_being_graded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(text)
    found = ask(path, submissions=1)
    assert (found.instead, len(found.staff_notes)) == (None, 1)
    assert ask(tmp_path / "missing.json").staff_notes == found.staff_notes
