"""The last part of a grading: the pages of its report. Whatever goes wrong here is said, and the results stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autograder.grading.messages import account, tell
from autograder.grading.request import GradeRequest

SECONDS = 60.0  # for what takes two, or four on half a processor
WRITTEN, LEFT_OUT = 12, 13  # what the process that writes ends with


def hand_over(work: Path, views: dict[str, Any], exhibits: dict[str, Any]) -> None:
    """Leave what the pages will show in the grading's folder, where no submission can read it. Raises OSError."""
    source = _source(work)
    source.touch(mode=0o600)
    source.write_text(json.dumps({**views, "exhibits": exhibits}), encoding="utf-8")


def is_due(work: Path) -> bool:
    """Whether something was handed over."""
    return _source(work).exists()


def write(request: GradeRequest, work: Path) -> int:
    """Write the pages. Returns WRITTEN or LEFT_OUT and raises nothing."""
    try:
        from autograder.report.grade_page import write

        write(_source(work), request.pages)
        print("report: " + ", ".join(map(str, request.pages.values())))
        return WRITTEN
    except Exception as error:
        tell(f"warning: there is no report: {account(error)}")
        return LEFT_OUT


def _source(work: Path) -> Path:
    return work / "report.json"
