"""The two submissions whose grades are known beforehand: the reference and the untouched template."""

from __future__ import annotations

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import REFERENCE, TEMPLATE
from tests.gradings import Grading, Job

CATALOGUE = load_catalogue()


# What answers.toml says is checked by the numbers from .30 on; those checks meet no stub.
ANSWERS = {info.number for info in CATALOGUE.checks if info.order[1] >= 30}


def _reference(seed: int) -> object:
    job = Job("reference", whole=REFERENCE, training=True, seed=seed)
    marks = [pytest.mark.grades(job), *([] if seed < 4 else [pytest.mark.every_submission])]
    return pytest.param(seed, id=f"seed {seed}", marks=marks)


@pytest.mark.parametrize("seed", [*map(_reference, range(10))])
def test_the_reference_gets_every_point_at_every_seed(seed: int, grading: Grading) -> None:
    grading.expect_sound(training=True)
    assert (grading.failed, grading.blocked) == (set(), set())
    assert grading.results["extra_data"]["seed"] == str(seed)
    assert grading.score == 100


@pytest.mark.grades(Job("template", whole=TEMPLATE, training=True))
def test_the_template_gets_nothing_and_says_why(grading: Grading) -> None:
    grading.expect_sound(training=True)
    assert grading.score == 0
    assert grading.failed == set(CATALOGUE.by_number)
    silent = {number for number in grading.failed if "not implemented yet:" not in grading.output(number).lower()}
    assert silent == ANSWERS
