"""Submissions as the platform hands them over, each with its submission_metadata.json."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from autograder.paths import REFERENCE, TEMPLATE

DUE = datetime(2026, 3, 2, 23, 59, tzinfo=timezone(timedelta(hours=-8)))


@dataclass(frozen=True)
class Case:
    """One submission to rehearse. `score` is what it has to get, None for full marks; `late` and `earlier` (scores of
    submissions before it) go into the metadata."""

    name: str
    code: Path
    score: float | None
    late: bool = False
    earlier: tuple[float, ...] = field(default=())


def cases(source: Path) -> list[Case]:
    """Those that every zip has to manage; `source` is the unpacked zip."""
    return [
        Case("the reference, in time", source / "reference", None),
        Case("the untouched template, late and again", TEMPLATE, 0, late=True, earlier=(0, 0)),
    ]


def lay_out(case: Case, platform: Path, total_points: float) -> None:
    """Put the case where the platform puts a submission, and empty the folder for results."""
    for name in ("submission", "results"):
        shutil.rmtree(platform / name, ignore_errors=True)
        (platform / name).mkdir()
    charlm = platform / "submission" / "charlm"
    shutil.copytree(case.code / "charlm", charlm, ignore=shutil.ignore_patterns("__pycache__"))
    whose = REFERENCE if case.score is None else TEMPLATE  # no zip has answers in it
    shutil.copy(whose / "answers.toml", platform / "submission")
    text = json.dumps(metadata(case, total_points), indent=2)
    (platform / "submission_metadata.json").write_text(text, encoding="utf-8")


def metadata(case: Case, total_points: float) -> dict[str, Any]:
    """Every field that is documented."""
    created = DUE + timedelta(hours=3 if case.late else -30)
    return {
        "id": 123456,
        "created_at": created.isoformat(timespec="microseconds"),
        "submission_method": "upload",
        "assignment": {
            "due_date": DUE.isoformat(timespec="microseconds"),
            "late_due_date": (DUE + timedelta(days=2)).isoformat(timespec="microseconds") if case.late else None,
            "release_date": (DUE - timedelta(days=14)).isoformat(timespec="microseconds"),
            "group_size": None,
            "group_submission": False,
            "id": 25828,
            "course_id": 1234,
            "title": "A transformer that writes Shakespeare",
            "total_points": f"{total_points:.1f}",
        },
        "users": [{"email": "student@example.edu", "id": 1234, "name": "A Student"}],
        "previous_submissions": [
            {
                "submission_time": (created - timedelta(hours=len(case.earlier) - index)).isoformat(),
                "score": score,
                "autograder_error": False,
                "results": _results(score) if index == len(case.earlier) - 1 else {},
            }
            for index, score in enumerate(case.earlier)
        ],
    }


def _results(score: float) -> dict[str, Any]:
    return {"score": score, "tests": [], "output": "", "extra_data": {"state": "graded"}}
