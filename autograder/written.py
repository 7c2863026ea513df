"""The written answers that a person grades: the handout's questions, answers.md to write under, and what is missing.

The questions stand in one place, the handout: under each heading `### 3 · Generation` as a list, with `- ` before each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEADING = re.compile(r"#+ (?P<number>\d+) · (?P<title>.+)")
_ITEM = re.compile(r"(?:-|\d+\.) (?P<text>.+)")

_INTRODUCTION = """\
# Written answers

A person reads this file; no program grades it, and nothing in it changes the points of the checks. Write under each
question, in a few sentences of your own, and leave the headings and the questions as they are.
"""


@dataclass(frozen=True)
class Questions:
    """What one problem asks in words, each question on one line."""

    problem: int
    title: str
    asked: tuple[str, ...]


def sections(text: str) -> list[tuple[int, str, list[str]]]:
    """The number, the title and the lines of each section with a heading like `## 3 · Generation`, to the next one."""
    found: list[tuple[int, str, list[str]]] = []
    inside = False
    for line in text.splitlines():
        if heading := _HEADING.fullmatch(line):
            found.append((int(heading["number"]), heading["title"].strip(), []))
            inside = True
        elif line.startswith("#"):
            inside = False
        elif inside:
            found[-1][2].append(line)
    return found


def items(lines: Sequence[str]) -> list[str]:
    """The items of the lists in these lines, each on one line; an indented line goes on with the one before."""
    found: list[str] = []
    goes_on = False
    for line in lines:
        if item := _ITEM.fullmatch(line):
            found.append(item["text"].strip())
            goes_on = True
        elif goes_on and line.startswith(" ") and line.strip():
            found[-1] += " " + line.strip()
        else:
            goes_on = False
    return found


def questions(handout: str) -> list[Questions]:
    """The questions of each problem in the handout's text, in order."""
    return [Questions(number, title, tuple(items(lines))) for number, title, lines in sections(handout)]


def blank(asked: Sequence[Questions]) -> str:
    """answers.md with a heading for each problem, its questions, and room under each of them."""
    parts = [_INTRODUCTION]
    for problem in asked:
        parts.append(f"## {problem.problem} · {problem.title}\n")
        parts += [f"> {question}\n\n" for question in problem.asked]
    return "\n".join(parts).rstrip() + "\n"


def unanswered(text: str) -> list[int]:
    """The problems under whose heading in an answers.md stands nothing but questions."""
    return [
        number
        for number, _, lines in sections(text)
        if not any(line.strip() and not line.lstrip().startswith(">") for line in lines)
    ]
