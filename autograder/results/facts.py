"""What is known about a run as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunFacts:
    """One grading, beside its checks.

    `submission` is the folder's or file's name, `started` an ISO 8601 time, `execution_time` in seconds. `notes`
    are sentences for the student, `staff_notes` for the instructor. `grader_error` is for the instructor's eyes
    only: when it is set, the run is "not graded". `finished` is False while checks are still to come.
    """

    submission: str
    started: str = ""
    seed: int | None = None
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    execution_time: float = 0.0
    held_out_loss: float | None = None
    notes: tuple[str, ...] = ()
    staff_notes: tuple[str, ...] = ()
    grader_error: str | None = None
    without_training: bool = False
    finished: bool = True
