"""What was asked for: the command line of one grading, resolved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GradeRequest:
    """One submission to grade, without a secret: every worker inherits it.

    `started` is `time.monotonic()` at the start; `device` is auto, cpu, cuda or mps; `seed_from` is a descriptor of
    `fresh_start.hand_over`. `reported`: pages with pictures are written, too.
    """

    submission: Path
    out: Path
    device: str
    without_training: bool
    seed_from: int
    on_platform: bool
    started: float
    reported: bool = True

    @property
    def results_file(self) -> Path:
        return self.out / "results.json"

    @property
    def pages(self) -> dict[str, Path]:
        """Where the pages of a report go, by who they are for. The platform gets none that a student may not see."""
        pages = {"student": self.out / "report.html", "instructor": self.out / "report-instructor.html"}
        return {"student": pages["student"]} if self.on_platform else pages


def derive_seed(seed: int, *names: str) -> int:
    """A 63-bit seed for one purpose; seeds of different purposes tell nothing about each other or about `seed`."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
