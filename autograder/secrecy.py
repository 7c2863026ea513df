"""Whether texts for students hold anything that only the grader may have, found by content and not by file name.

Texts are compared as runs of words and signs. Solution and template, hidden and public checks are written in one
language and speak of the same things, so short runs in common mean nothing. Long ones do, and so does a secret most
of which comes back in short ones.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder import paths

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_WORD = re.compile(r"\w+|[^\w\s]")
_SOLUTION = re.compile(r"# solution: (?P<name>.*?)\n(?P<text>.*?)# end solution", re.DOTALL)
_COMMENT = re.compile(r"#.*")
_MEASURED = re.compile(r"\d+\.\d{4,}")


@dataclass(frozen=True)
class Secret:
    """A text that students must not find.

    No run of `longest` words of it may be there, and of its runs of `short` words less than the share `most`. With
    1.0 that is a text which was copied whole.
    """

    name: str
    text: str
    longest: int | None = None
    short: int = 6
    most: float = 1.0


class Texts:
    """The texts to look through, as runs of words that are counted once for each length."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = [_WORD.findall(text) for text in texts]
        self._runs: dict[int, set[tuple[str, ...]]] = {}

    def holds(self, secret: Secret) -> bool:
        """Whether so much of the secret is there that it has leaked."""
        words = _WORD.findall(secret.text)
        short = set(_runs(words, secret.short))
        if short and len(short & self._of(secret.short)) >= secret.most * len(short):
            return True
        if secret.longest is None:
            return False
        return not self._of(secret.longest).isdisjoint(_runs(words, secret.longest))

    def _of(self, length: int) -> set[tuple[str, ...]]:
        if length not in self._runs:
            self._runs[length] = {run for words in self._words for run in _runs(words, length)}
        return self._runs[length]


def leaks(contents: Mapping[str, bytes]) -> list[str]:
    """What of the grader's own these files (name -> bytes) hold, in words; nothing when all is well."""
    decoded = {name: data.decode("utf-8", "replace") for name, data in contents.items()}
    texts = Texts(text for name, text in decoded.items() if not name.startswith("data/"))
    found = [secret.name for secret in secrets() if texts.holds(secret)]
    if Texts(decoded.values()).holds(Secret("", _read(paths.HELD_OUT), 12, short=12)):
        found.append("the held-out plays")
    numbers = _numbers()
    found += [
        f"{name}: a number of the calibration"
        for name, text in decoded.items()
        if not numbers.isdisjoint(_MEASURED.findall(text))
    ]
    answers = decoded.get("answers.toml")
    if answers is not None and any(value for table in tomllib.loads(answers).values() for value in table.values()):
        found.append("answers.toml: an answer")
    return found


def secrets() -> Iterator[Secret]:
    """Every text that is the grader's alone."""
    for path in sorted((paths.REFERENCE / "charlm").glob("*.py")):
        for found in _SOLUTION.finditer(_read(path)):
            yield Secret(f"the solution of {found['name']}", _COMMENT.sub("", found["text"]), 14, most=0.5)
    for path in sorted(paths.HIDDEN_CHECKS.glob("hidden_*.py")):
        yield from _hidden_checks(path)
    yield Secret("the rubric", _read(paths.REFERENCE / "rubric.md"), 20, most=0.2)


def _hidden_checks(path: Path) -> Iterator[Secret]:
    """The code of each check, and its sentence."""
    source = _read(path)
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            body = "\n".join(map(ast.unparse, node.body[1:]))
            yield Secret(f"the hidden check {node.name} of {path.name}", body, short=12, most=0.5)
            sentence = ast.get_docstring(node) or ""
            if len(_WORD.findall(sentence)) >= Secret.short:  # "The shape of X." is no secret
                yield Secret(f"the sentence of {node.name} of {path.name}", sentence)


def _numbers() -> set[str]:
    """The calibration's numbers that are long enough to be nobody else's."""
    return set(_MEASURED.findall(json.dumps(json.loads(_read(paths.CALIBRATION)))))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)
