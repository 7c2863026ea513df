"""Correct solutions get every point, however they are written.

A sample of them is graded here, by the checks that load what was changed, and with `--every-submission` as a whole;
`python -m tests.zoo` grades all.
"""

from __future__ import annotations

import pytest

from tests.gradings import Grading
from tests.zoo.animals import Variant, load_variants
from tests.zoo.samples import sampled

VARIANTS = load_variants()


@pytest.mark.parametrize(("variant", "checks"), sampled(VARIANTS))
def test_it_gets_every_point(variant: Variant, checks: frozenset[str] | None, grading: Grading) -> None:
    grading.expect_sound(training=variant.training, checks=checks)
    assert (grading.failed, grading.blocked) == (set(), set())
    assert grading.score == grading.reachable
    assert grading.score == 100 or not variant.training or checks is not None


def test_there_are_enough_of_them() -> None:
    assert len(VARIANTS) >= 80
    assert any(variant.whole for variant in VARIANTS)
