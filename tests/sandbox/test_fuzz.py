"""A short run of the fuzzer; `python -m tests.sandbox.fuzz_frames` is the long one."""

from __future__ import annotations

from autograder.sandbox.zygote import Zygote
from tests.sandbox.fuzz_frames import fuzz


def test_damaged_answers_are_values_or_the_submissions_errors(zygote: Zygote) -> None:
    report = fuzz(zygote, frames=2000, number=1)
    assert report.faults == []
    assert report.outcomes.total() == 2000
    # The frames are of many kinds, and come to many ends.
    assert report.outcomes["a value"] > 200
    assert len(report.outcomes) > 15
    assert min(report.ways.values()) > 50
