"""Every planted mistake costs exactly the checks that name it, and what builds on it is blocked, not blamed.

A sample of them is graded here, by the checks that load what was changed, and with `--every-submission` as a whole;
`python -m tests.zoo` grades all.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.settings import load_settings
from tests.gradings import Grading
from tests.patches import Change, write_patched
from tests.zoo.animals import Mistake, load_mistakes
from tests.zoo.samples import job, sampled

MISTAKES = load_mistakes()
CATALOGUE = load_catalogue()


@pytest.mark.parametrize(("mistake", "checks"), sampled(MISTAKES))
def test_it_costs_exactly_the_checks_that_name_it(
    mistake: Mistake, checks: frozenset[str] | None, grading: Grading
) -> None:
    grading.expect_sound(training=mistake.training, checks=checks)
    assert (grading.failed, grading.blocked) == (set(mistake.fails), set(mistake.blocked))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_it_is_described(mistake: Mistake, tmp_path: Path) -> None:
    expected = (*mistake.fails, *mistake.blocked)
    assert mistake.why
    assert mistake.fails
    assert len(expected) == len(set(expected))
    assert set(expected) <= set(CATALOGUE.by_number)
    assert mistake.training or not set(expected) & CATALOGUE.trained
    checks = job(mistake).checks
    assert checks is None or set(expected) <= checks
    write_patched([mistake.change], tmp_path)


def test_there_are_mistakes_in_every_problem() -> None:
    planted = Counter(mistake.problem for mistake in MISTAKES)
    assert len(MISTAKES) >= 300
    problems = load_settings().points.keys()
    assert {problem for problem in problems if planted[problem] >= 2} == problems
    assert {mistake.problem for mistake in MISTAKES if mistake.sample} == problems


def test_blame_stays_in_the_problem_of_the_mistake() -> None:
    abroad = [
        (mistake.name, number)
        for mistake in MISTAKES
        for number in mistake.fails
        if CATALOGUE.by_number[number].problem != mistake.problem
    ]
    blamed = sum(len(mistake.fails) for mistake in MISTAKES)
    assert len(abroad) <= 0.05 * blamed, abroad


def test_a_change_that_does_not_fit_exactly_once_is_an_error(tmp_path: Path) -> None:
    for old in ("not there at all", "return"):
        with pytest.raises(ValueError, match="not once"):
            write_patched([Change("charlm/data.py", old, "")], tmp_path)
