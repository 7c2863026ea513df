"""Every check has a mistake that no other one of its kind catches, or a reason to be kept without."""

from __future__ import annotations

from autograder.grading.catalogue import load_catalogue
from tests.zoo.animals import load_mistakes
from tests.zoo.needs import load_unneeded, needed_by

CATALOGUE = load_catalogue()
MISTAKES = load_mistakes()


def test_every_check_is_needed_or_has_a_reason() -> None:
    without = {number for number, mistakes in needed_by(MISTAKES, CATALOGUE).items() if not mistakes}
    reasons = load_unneeded()
    assert set(reasons) == without
    assert min(map(len, reasons.values())) > 40


def test_what_a_mistake_needs_is_what_it_alone_fails_of_its_kind() -> None:
    chosen = next(mistake for mistake in MISTAKES if set(mistake.fails) == {"1.2", "1.10"})
    needed = {number for number, mistakes in needed_by([chosen], CATALOGUE).items() if mistakes}
    assert needed == {"1.2", "1.10"}
    many = next(mistake for mistake in MISTAKES if len(set(mistake.fails) - CATALOGUE.hidden) > 1)
    assert not {n for n, found in needed_by([many], CATALOGUE).items() if found} - CATALOGUE.hidden
