"""Sources that attack the parser, and a parser that fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from autograder.intake import IntakeLimits, take_in
from tests.intake.homework import GOOD, put, refused

NESTED = {
    "parentheses": "(" * 90_000 + ")" * 90_000,
    "lists": "[" * 190 + "]" * 190,
    "unary": "x = " + "-" * 200_000 + "1",
    "nots": "x = " + "not " * 50_000 + "1",
    "sum": "x = 1" + "+1" * 100_000,
    "attributes": "x" + ".y" * 100_000,
    "calls": "x" + "()" * 100_000,
    "ifs": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass",
    "elifs": "if 1: pass\n" + "elif 1: pass\n" * 15_000,
    "lambdas": "x = " + "lambda: " * 25_000 + "1",
    "f-strings": "x = f'" + "{" * 1000 + "}" * 1000 + "'",
    "large number": "x = " + "9" * 250_000,
    "large hexadecimal": "x = 0x" + "f" * 250_000,
    "power": "x = 9**9**9**9",
    "large power": "x = (1 << 200) ** 5000 * 'x'",
    "repeated text": "x = 'x' * 10 ** 12",
    "repeated tuple": "x = ((0,) * 200,) * 200, (((((1,) * 50) * 50) * 50) * 50) * 50",
    "decorators": "@x\n" * 80_000 + "def f(): pass",
    "braces without end": "x = " + "{" * 150 + "a:",
    "brackets and a mistake": "x = " + "a[" * 180 + "]" * 170,
    "comprehensions": "x = " + "[y for y in " * 60 + "z" + "]" * 60,
}


@pytest.mark.parametrize("source", NESTED.values(), ids=NESTED)
def test_no_source_can_stop_the_grader(source: str, sent: Path, target: Path) -> None:
    assert len(source) < 256 * 1024
    put(sent, {**GOOD, "charlm/model.py": source + "\n"})
    began = time.monotonic()
    intake = take_in(sent, target, IntakeLimits(parse_cpu_seconds=2))
    assert time.monotonic() - began < 10
    if intake.problems:
        refused(intake, target, "charlm/model.py")
        assert len(intake.problems) == 1


def test_warnings_of_the_compiler_are_no_errors(sent: Path, target: Path) -> None:
    put(sent, {**GOOD, "charlm/model.py": "assert (1, 'x')\nx = '\\d'\nif x is 1: pass\n"})
    assert take_in(sent, target).problems == []


def test_a_parser_that_cannot_start_is_the_graders_error(
    sent: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.intake.parse._CHILD", Path("/nonexistent.py"))
    with pytest.raises(RuntimeError, match="did not start"):
        take_in(put(sent, GOOD), target)


def test_a_parser_that_dies_names_the_file(sent: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fatal = sent.parent / "child.py"
    up, fine, broken = "{}", '{"problem": null, "number": null}', '{"pro'
    text = f"{up}\n{fine}\n{broken}"
    fatal.write_text(f"import os\nprint({text!r}, end='', flush=True)\nos.abort()\n")
    monkeypatch.setattr("autograder.intake.parse._CHILD", fatal)
    refused(take_in(put(sent, GOOD), target), target, "charlm/attention.py is too complex")
