"""The short, checkable part of the written answers: each question has an answer from its closed list.

Any listed answer will do here, so these checks carry no points; whether it is the right one is for the grader.
"""

from __future__ import annotations

from typing import Any

from support.answers import expect_answered
from support.checking import hint, number, weight


@number("2.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_2_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 2 has one of the answers that stand above it."""
    expect_answered(answers, "problem_2")


@number("3.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_3_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 3 has one of the answers that stand above it."""
    expect_answered(answers, "problem_3")


@number("4.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_4_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 4 has one of the answers that stand above it."""
    expect_answered(answers, "problem_4")


@number("5.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_5_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 5 has one of the answers that stand above it."""
    expect_answered(answers, "problem_5")


@number("6.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_6_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 6 has one of the answers that stand above it."""
    expect_answered(answers, "problem_6")


@number("7.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_7_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 7 has one of the answers that stand above it."""
    expect_answered(answers, "problem_7")


@number("8.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_8_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 8 has one of the answers that stand above it."""
    expect_answered(answers, "problem_8")


@number("9.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_9_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 9 has one of the answers that stand above it."""
    expect_answered(answers, "problem_9")


@number("10.30")
@weight(0)
@hint("answers.toml: copy one of the listed answers, exactly, between the quotes.")
def test_the_questions_of_problem_10_are_answered(answers: dict[str, Any]) -> None:
    """In answers.toml, each question of problem 10 has one of the answers that stand above it."""
    expect_answered(answers, "problem_10")
