"""A run in six checks: before, in the middle of and after a fault."""

from __future__ import annotations

from typing import Any

from support.checking import Submission, expect_equal, hint, number
from tests.faults.strike import strike


@number("1.1")
@hint("This is about the grader.")
def test_earned_before(submission: Submission) -> None:
    """The vocabulary is right."""
    expect_equal(submission.tokenizer.get_vocab("ba"), ["a", "b"], "took the vocabulary")


@number("1.2")
@hint("This is about the grader.")
def test_lost_before(submission: Submission) -> None:
    """The submission is wrong here."""
    expect_equal(submission.tokenizer.decode([0], ["a"]), "a", "decoded a character")


@number("1.3")
@hint("This is about the grader.")
def test_struck(submission: Submission, reference: Submission) -> None:
    """The fault comes between two calls."""
    expect_equal(submission.tokenizer.get_vocab("ba"), ["a", "b"], "took the vocabulary")
    strike()
    expect_equal(submission.tokenizer.get_vocab("ba"), reference.tokenizer.get_vocab("ab"), "took it again")


@number("1.4")
@hint("This is about the grader.")
def test_needs_no_submission(answers: dict[str, Any]) -> None:
    """The answers are there."""
    expect_equal(isinstance(answers, dict), True, "looked at the answers")
