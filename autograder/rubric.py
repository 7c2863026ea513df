"""The rubric for the written answers, in a form to paste into the platform's manually graded questions.

Its only source is reference/rubric.md: under each heading `## 3 · Generation` a list of what a full answer contains,
and after the line "Common misconceptions" a list of those. A point of a full answer is worth 1, or what stands
before it in brackets, as `(0.5)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from autograder import paths
from autograder.written import items, questions, sections

MISCONCEPTIONS = "Common misconceptions"
_POINTS = re.compile(r"\((?P<points>\d+(?:\.\d+)?)\) (?P<text>.+)")


class RubricError(Exception):
    """The rubric does not fit the handout; the message names file and problem."""


@dataclass(frozen=True)
class Criterion:
    """One item of the platform's rubric: what an answer has to contain, or (with 0 points) what is often wrong."""

    points: float
    text: str


@dataclass(frozen=True)
class Question:
    """One manually graded question. `points` is the sum of the criteria's."""

    problem: int
    title: str
    criteria: tuple[Criterion, ...]

    @property
    def points(self) -> float:
        return sum(criterion.points for criterion in self.criteria)


def load_rubric(
    rubric: Path = paths.REFERENCE / "rubric.md", handout: Path = paths.TEMPLATE / "README.md"
) -> list[Question]:
    """The questions in the problems' order. Raises RubricError when they are not the handout's, or have no points."""
    try:
        text, asked = rubric.read_text(encoding="utf-8"), questions(handout.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(f"the rubric cannot be read: {error}") from None
    found = [_question(number, title, lines) for number, title, lines in sections(text)]
    here, there = ([f"{problem.problem} · {problem.title}" for problem in side] for side in (found, asked))
    if here != there:
        odd = sorted({*here} ^ {*there}) or [f"the order {', '.join(here)}"]
        raise RubricError(f"{rubric.name}: its headings are not those of the handout: {odd[0]}")
    for question in found:
        if not question.points:
            raise RubricError(f"{rubric.name}: problem {question.problem} has no point that a full answer contains")
    return found


def pasteable(rubric: list[Question]) -> str:
    """The outline, then for each question its rubric items: points, a tab, and the description on one line."""
    total = sum(question.points for question in rubric)
    parts = [
        f"Manually graded questions, {total:g} points. Score them positively, from 0.",
        "",
        *(f"{question.title}\t{question.points:g}" for question in rubric),
    ]
    for question in rubric:
        parts += ["", f"Question {question.problem}: {question.title}, {question.points:g} points", ""]
        parts += [
            f"{criterion.points:{'+g' if criterion.points else 'g'}}\t{criterion.text}"
            for criterion in question.criteria
        ]
    return "\n".join(parts) + "\n"


def _question(number: int, title: str, lines: list[str]) -> Question:
    middle = lines.index(MISCONCEPTIONS) if MISCONCEPTIONS in lines else len(lines)
    wanted = tuple(_criterion(item.rstrip(";.")) for item in items(lines[:middle]))
    wrong = tuple(Criterion(0, f"Misconception: {item}") for item in items(lines[middle:]))
    return Question(number, title, wanted + wrong)


def _criterion(item: str) -> Criterion:
    worth = _POINTS.fullmatch(item)
    return Criterion(float(worth["points"]), worth["text"]) if worth else Criterion(1, item)
