"""The checks after the fault, which students do not see."""

from __future__ import annotations

from autograder.grading.training import Trainings
from support.checking import Submission, expect_equal, hint, number


@number("1.5")
@hint("This is about the grader.")
def test_afterwards(submission: Submission) -> None:
    """The vocabulary is right once more."""
    expect_equal(submission.tokenizer.get_vocab("dc"), ["c", "d"], "took the vocabulary")


@number("2.1")
@hint("This is about the grader.")
def test_has_a_band(trained: Trainings) -> None:
    """There is a band to judge a training by."""
    expect_equal(trained.band("honest", "held_out").high > 0, True, "looked at a band")
