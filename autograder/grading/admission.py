"""What the platform says about a submission beside its files: whether it is late, and whether there were too many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from autograder.results.contract import ContractError, read_results
from autograder.results.gradescope import Document
from autograder.settings import RateLimit

_UNKNOWN = "the platform's submission_metadata.json cannot be read, so neither lateness nor a rate limit was looked at"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Assignment(_Part):
    due_date: AwareDatetime | None = None


class _Earlier(_Part):
    submission_time: AwareDatetime
    score: float | None = None
    autograder_error: bool = False
    results: dict[str, Any] | None = None


class Metadata(_Part):
    """The part of submission_metadata.json that grading looks at."""

    created_at: AwareDatetime
    assignment: _Assignment = _Assignment()
    previous_submissions: list[_Earlier] = []


@dataclass(frozen=True)
class Admission:
    """`notes` are sentences for the student, `staff_notes` for the instructor. `instead` is the document that stands
    in for a grading, None when the submission is to be graded."""

    notes: tuple[str, ...] = ()
    staff_notes: tuple[str, ...] = ()
    instead: Document | None = None


def admit(path: Path, limit: RateLimit, *, say_late: bool) -> Admission:
    """Look at the metadata in `path`. Odd metadata keeps nobody from being graded."""
    try:
        found = Metadata.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Admission(staff_notes=(_UNKNOWN,))
    if limit.submissions and (free_at := _next_free(found, limit)) is not None:
        return Admission(instead=_turned_away(found, limit, free_at))
    due = found.assignment.due_date
    if not say_late or due is None or found.created_at <= due:
        return Admission()
    late = _span(found.created_at - due)
    return Admission(notes=(f"Handed in {late} after the due date. That changed no points here.",))


def _next_free(found: Metadata, limit: RateLimit) -> datetime | None:
    """When the next submission will be graded, or None when this one may be. Counts by the platform's own times."""
    window = timedelta(hours=limit.hours)
    times = sorted(
        earlier.submission_time
        for earlier in found.previous_submissions
        if not earlier.autograder_error and found.created_at - window < earlier.submission_time <= found.created_at
    )
    latest = found.previous_submissions[-1] if found.previous_submissions else None
    if len(times) < limit.submissions or latest is None or _state(latest) in ("not graded", "unfinished"):
        return None
    return times[-limit.submissions] + window


def _turned_away(found: Metadata, limit: RateLimit, free_at: datetime) -> Document:
    """The latest results once more, with a word on why; only its score where there is no more of it."""
    latest = found.previous_submissions[-1]
    note = (
        f"**This submission was not graded: there were {limit.submissions} in {limit.hours:g} hours already.** "
        f"The next one will be from {free_at:%Y-%m-%d %H:%M %Z} on. Until then your last results count:"
    )
    try:
        earlier = read_results(json.dumps(latest.results).encode()).model_dump(exclude_unset=True)
    except (ContractError, ValueError):
        earlier = {"score": latest.score or 0.0, "tests": []}
    said = _without_note(str(earlier.get("output", "")))
    extra = {**earlier.get("extra_data", {}), "state": "turned away"}
    return {**earlier, "output": f"{note}\n\n{said}".strip(), "output_format": "md", "extra_data": extra}


def _without_note(output: str) -> str:
    """What was said before an earlier submission was turned away, too."""
    if not output.startswith("**This submission was not graded: there were "):
        return output
    return output.partition("\n\n")[2]


def _state(earlier: _Earlier) -> object:
    extra = (earlier.results or {}).get("extra_data")
    return extra.get("state") if isinstance(extra, Mapping) else None


def _span(late: timedelta) -> str:
    minutes = int(late.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
