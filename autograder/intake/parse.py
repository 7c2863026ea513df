"""What a submission's notebooks hold, and whether its modules are Python and its answers TOML, found out in a process
that may die of it.

A source of a few kB can make CPython's parser take hours, gigabytes or the process (deep nesting, for one), so
no size limit makes parsing safe in the grader itself. The process compiles; it never runs what it compiled.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CHILD = Path(__file__).with_name("parse_child.py")
# The limit that counts is on processor time, in the child; this one is for a parser that sleeps, which none does.
_WALL_CLOCK_FACTOR = 12


@dataclass
class Parsed:
    """`problems` has a sentence per module that does not compile; `answers_problem` is None when answers are fine.

    `tricks` are sentences for the instructor about what no homework has a use for.
    """

    problems: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    answers_problem: str | None = None
    tricks: list[str] = field(default_factory=list)


@dataclass
class FileCell:
    """A cell that holds a file, or a part of one. `path` stands in a %%writefile line, or is the cell's tag (`tagged`);
    `append` is true where the cell continues what is there."""

    cell: int
    path: str
    append: bool
    tagged: bool
    text: str


def read_notebooks(texts: Sequence[str], cpu_seconds: int) -> list[list[FileCell] | str]:
    """For each notebook's JSON the cells that hold files, or why it cannot be read, as the end of a sentence.

    Raises RuntimeError like `parse`.
    """
    lines = _reports({"notebooks": list(texts), "sources": {}, "answers": None}, cpu_seconds)
    found: list[list[FileCell] | str] = [
        line["problem"] or [FileCell(**cell) for cell in line["cells"]] for line in lines[: len(texts)]
    ]
    return found + ["it is too complex"] * (len(texts) - len(found))


def parse(sources: Mapping[str, str], answers: str | None, cpu_seconds: int) -> Parsed:
    """Compile each source (name -> text, in order) and read the answers' TOML, with the running Python's grammar.

    Raises RuntimeError when the process could not even start, or waits: the grader's error, never the submission's.
    """
    lines = _reports({"notebooks": [], "sources": dict(sources), "answers": answers}, cpu_seconds)
    return _judge(dict(sources), answers, lines)


def _reports(job: Mapping[str, Any], cpu_seconds: int) -> list[dict[str, Any]]:
    """What the process reports of a job, a line for each part until the one that ended it."""
    data = json.dumps({**job, "cpu_seconds": cpu_seconds}).encode()
    # -I: neither the environment nor the working folder decides what the process imports.
    command = [sys.executable, "-I", "-W", "ignore", str(_CHILD)]
    seconds = cpu_seconds * _WALL_CLOCK_FACTOR
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
        if done.returncode == -signal.SIGKILL:
            # Its own limits end it otherwise. Memory may have run out through others; if not, it dies again.
            done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as expired:
        raise RuntimeError(f"the process that parses submissions hung for {seconds} s") from expired
    lines = [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]
    if not lines:
        raise RuntimeError(
            f"the process that parses submissions did not start: {done.stderr[-500:].decode(errors='replace')}"
        )
    return lines[1:]


def _judge(sources: dict[str, str], answers: str | None, lines: list[dict[str, Any]]) -> Parsed:
    """The child reports one line per file, in order: the file without a line is the one that ended the process."""
    parsed = Parsed()
    for name, line in zip(sources, lines, strict=False):
        if line["problem"] is not None:
            parsed.problems.append(_sentence(name, sources[name], line["number"], line["problem"]))
    if len(lines) < len(sources):
        culprit = list(sources)[len(lines)]
        parsed.problems.append(
            f"{culprit} is too complex: Python cannot read it within the limits. Take out what is nested very deeply."
        )
    elif answers is not None:
        last: dict[str, Any] = {"answers": {}, "problem": "it is too complex"}
        if len(lines) > len(sources):
            last = lines[len(sources)]
        parsed.answers, parsed.answers_problem = last["answers"], last["problem"]
    behind = lines[len(sources) + (answers is not None) :]
    for name, line in zip(sources, behind, strict=False):
        parsed.tricks += [
            f"{name}, line {trick['number']}, names {trick['name'].lstrip('.')}, which homework has no use for: "
            "have a look. It changed no points."
            for trick in line["tricks"]
        ]
    return parsed


def _sentence(name: str, source: str, number: int | None, problem: str) -> str:
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    lines = source.split("\n")
    if number is None or not 1 <= number <= len(lines):
        return f"{name} is not valid Python ({version}): {problem}. Correct it and hand in again."
    text = lines[number - 1].strip()
    text = text if len(text) <= 100 else text[:99] + "…"
    return (
        f"{name}, line {number}, is not valid Python ({version}): {problem}.\n    {text}\nCorrect it and hand in again."
    )
