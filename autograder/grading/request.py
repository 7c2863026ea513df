"""What was asked for: the command line of one grading, resolved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GradeRequest:
    """One submission to grade, without a secret: every worker inherits it.

    `started` is `time.monotonic()` at the start; `device` is auto, cpu, cuda or mps; `seed_from` is a descriptor of
    `fresh_start.hand_over`.
    """

    submission: Path
    out: Path
    device: str
    without_training: bool
    seed_from: int
    on_platform: bool
    started: float

    @property
    def results_file(self) -> Path:
        return self.out / "results.json"


def derive_seed(seed: int, *names: str) -> int:
    """A 63-bit seed for one purpose; seeds of different purposes tell nothing about each other or about `seed`."""
    digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
