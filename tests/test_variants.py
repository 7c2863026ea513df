"""Correct solutions get every point, however they are written."""

from __future__ import annotations

import pytest

from tests.gradings import Grading, Job
from tests.patches import Variant, load_variants

VARIANTS = load_variants()


def _graded(variant: Variant) -> object:
    job = Job(variant.name, changes=variant.changes, whole=variant.whole, training=variant.training)
    marks = [pytest.mark.grades(job)] if variant.sample else [pytest.mark.grades(job), pytest.mark.every_submission]
    return pytest.param(variant, id=variant.name, marks=marks)


@pytest.mark.parametrize("variant", [*map(_graded, VARIANTS)])
def test_it_gets_every_point(variant: Variant, grading: Grading) -> None:
    grading.expect_sound(training=variant.training)
    assert (grading.failed, grading.blocked) == (set(), set())
    assert grading.score == grading.reachable
    assert grading.score == 100 or not variant.training


def test_there_are_enough_of_them() -> None:
    assert len(VARIANTS) >= 15
    assert any(variant.whole for variant in VARIANTS)
