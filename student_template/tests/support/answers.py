"""Judging answers.toml: is every question answered from its closed list, and is the answer right?"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

from support.failures import CheckFailure

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_COPY = "answers.toml: copy one of the listed answers, exactly, between the quotes."
_CHOICES = Path(__file__).parent / "answer_choices.toml"


def expect_answered(answers: dict[str, Any], problem: str) -> None:
    """Raise CheckFailure unless each question of `problem` (say "problem_2") has one of the listed answers."""
    for key, item in _questions()[problem].items():
        answer = _answer(answers, problem, key)
        if answer not in item["choices"]:
            raise _not_listed(problem, key, answer)


def expect_answer(answers: dict[str, Any], problem: str, key: str, right: str) -> None:
    """Raise CheckFailure unless the answer to this question is `right`; the message does not say what is."""
    answer = _answer(answers, problem, key)
    if answer not in _questions()[problem][key]["choices"]:
        raise _not_listed(problem, key, answer)
    if answer != right:
        raise CheckFailure(_did(problem, key), "another answer", _said(answer))


def unreadable(problem: str) -> CheckFailure:
    """The failure of a check that needs answers.toml, which `problem` says why there is none."""
    return CheckFailure("looked for answers.toml", "a file with your answers", problem.rstrip("."), advice=_COPY)


def _not_listed(problem: str, key: str, answer: object) -> CheckFailure:
    return CheckFailure(_did(problem, key), "one of the answers that stand above it", _said(answer), advice=_COPY)


@functools.cache
def _questions() -> dict[str, Any]:
    return tomllib.loads(_CHOICES.read_text(encoding="utf-8"))


def _answer(answers: dict[str, Any], problem: str, key: str) -> object:
    table = answers.get(problem)
    answer = table.get(key) if isinstance(table, dict) else None
    return " ".join(answer.split()) if isinstance(answer, str) else answer


def _did(problem: str, key: str) -> str:
    return f"looked for `{key}` under [{problem}] in answers.toml"


def _said(answer: object) -> str:
    if answer is None or answer == "":
        return "nothing yet"
    text = repr(answer)
    return text if len(text) <= 120 else text[:119] + "…"
