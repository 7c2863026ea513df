"""Correct solutions get every point, however they are written. `python -m tests.zoo` grades those that are not here."""

from __future__ import annotations

import pytest

from tests.gradings import Grading, Job
from tests.zoo.animals import Variant, load_variants

VARIANTS = load_variants()
SAMPLE = [
    pytest.param(
        variant,
        id=variant.name,
        marks=pytest.mark.grades(
            Job(variant.name, changes=variant.changes, whole=variant.whole, training=variant.training)
        ),
    )
    for variant in VARIANTS
    if variant.sample
]


@pytest.mark.parametrize("variant", SAMPLE)
def test_it_gets_every_point(variant: Variant, grading: Grading) -> None:
    grading.expect_sound(training=variant.training)
    assert (grading.failed, grading.blocked) == (set(), set())
    assert grading.score == grading.reachable
    assert grading.score == 100 or not variant.training


def test_there_are_enough_of_them() -> None:
    assert len(VARIANTS) >= 80
    assert any(variant.whole for variant in VARIANTS)
