"""Every tolerance lies well between what correct and what wrong submissions were measured to come to.

After a change of tolerances or of checks that compare numbers: `python -m tests.zoo.tolerances --record`.
"""

from __future__ import annotations

import json

import pytest
import torch

from autograder.grading.catalogue import load_catalogue
from support import checking
from tests.zoo.margins import RECORDED, Margin, Ruler, part_of_tolerance, read_margins
from tests.zoo.tolerances import LEAST_OF_WRONG, MOST_OF_CORRECT, has_room

CATALOGUE = load_catalogue()
MARGINS = read_margins()


@pytest.mark.parametrize("number", MARGINS)
def test_it_lies_between_right_and_wrong(number: str) -> None:
    assert has_room(MARGINS[number]), MARGINS[number]


def test_the_record_is_of_checks_that_there_are() -> None:
    over = json.loads(RECORDED.read_text(encoding="utf-8"))["over"]
    assert min(over.values()) >= 10
    assert set(MARGINS) <= set(CATALOGUE.by_number)
    assert {"5.19", "5.21", "6.9", "6.13", "7.7", "8.8", "9.6"} <= set(MARGINS)


def test_room_is_asked_for_on_both_sides() -> None:
    assert has_room(Margin(correct=MOST_OF_CORRECT, wrong=LEAST_OF_WRONG))
    assert not has_room(Margin(correct=MOST_OF_CORRECT * 1.1, wrong=LEAST_OF_WRONG))
    assert not has_room(Margin(correct=MOST_OF_CORRECT, wrong=LEAST_OF_WRONG * 0.9))
    assert has_room(Margin())


def test_a_ruler_takes_the_part_of_a_tolerance_that_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_compare", vars(checking)["_compare"])  # put back afterwards
    ruler = Ruler()
    ruler.install()
    checking.expect_close(torch.tensor([1.0, 2.5]), torch.tensor([1.0, 2.0]), "did", rtol=0.25, atol=0.5)
    assert ruler.take() == [pytest.approx(0.5), 0.0, 0.25, 0.5]
    with pytest.raises(checking.CheckFailure):
        checking.expect_close(torch.tensor([5.0]), torch.tensor([2.0]), "did", rtol=0.25, atol=0.5)
    assert ruler.take() == [0.0, pytest.approx(3.0), 0.25, 0.5]
    assert ruler.take() == []


def test_what_is_not_finite_is_infinitely_far_off() -> None:
    inf = torch.tensor([torch.inf])
    assert part_of_tolerance(inf, inf, 0.1, 0.1) == 0
    assert part_of_tolerance(inf, torch.ones(1), 0.1, 0.1) == torch.inf
    assert part_of_tolerance(torch.tensor([torch.nan]), torch.ones(1), 0.1, 0.1) == torch.inf
