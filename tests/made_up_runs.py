"""Runs that nobody made: checks, records of each outcome, and the documents that Gradescope would get of them."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
from rich.console import Console

from autograder.results.facts import RunFacts
from autograder.results.gradescope import document, first_document, refusal_document
from autograder.results.terminal import TerminalReport
from support.info import CheckInfo
from support.outcomes import Outcome, Record

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "gradescope.schema.json").read_text())


def info(number: str, title: str, *covers: str) -> CheckInfo:
    return CheckInfo(
        number=number,
        title=title,
        sentence=f"The sentence of check {number}.",
        hint="Compare `tril[:T, :T]` with 0, then scale by head_size**-0.5.",
        weight=1.0,
        visibility=None,
        covers=frozenset(covers),
        requires=frozenset(),
    )


MASK = info("8.1", "masked scores", "causal_mask")
FUTURE = info("8.2", "future positions get probability zero", "causal_mask", "attention_probs")
HEAD = info("6.10", "one head")
INFOS = [FUTURE, HEAD, MASK]
POINTS = {"8.1": 0.1, "8.2": 0.2, "6.10": 3.33}
SHOWN = {"8.1": "visible", "8.2": "visible", "6.10": "after_due_date"}
HIDDEN = frozenset({"6.10"})
FACTS = RunFacts(
    submission="homework.zip",
    started="2026-01-02T03:04:05+00:00",
    seed=2**62 + 1,
    device="cpu",
    versions={"python": "3.11.2", "torch": "2.13.0"},
    fingerprint="ab" * 32,
    execution_time=12.3456,
    held_out_loss=2.41234567,
)

PASSED = [Record(FUTURE, Outcome.PASSED, seconds=0.5), Record(HEAD, Outcome.PASSED), Record(MASK, Outcome.PASSED)]
DID = "Masked the scores of 3 positions.\nExpected: 0 above the diagonal.\nGot: 0.3."


def with_future(outcome: Outcome, message: str = "", **more: Any) -> list[Record]:
    return [Record(FUTURE, outcome, message, seconds=0.25, **more), *PASSED[1:]]


RUNS: dict[str, tuple[list[Record], RunFacts]] = {
    "passed": (PASSED, FACTS),
    "failed": (with_future(Outcome.FAILED, DID, values="first at index [0, 1]: expected 0, got 0.3"), FACTS),
    "stub": (with_future(Outcome.FAILED, "not implemented yet: problem 8: causal_mask", stub=True), FACTS),
    "error": (with_future(Outcome.ERROR, "Your code raised ValueError: no\nWhere: attention.py, line 3"), FACTS),
    "timed_out": (with_future(Outcome.TIMED_OUT, "The call took longer than 10 s."), FACTS),
    "out_of_memory": (with_future(Outcome.OUT_OF_MEMORY, "More than 2 GB were asked for."), FACTS),
    "blocked": (
        [
            Record(HEAD, Outcome.BLOCKED, f"This check builds on … Fix first: causal_mask (check 8.1).\n{DID}"),
            Record(MASK, Outcome.FAILED, DID),
            PASSED[0],
        ],
        FACTS,
    ),
    "not_run": (with_future(Outcome.NOT_RUN), replace(FACTS, without_training=True, held_out_loss=None)),
    "not_reached": (with_future(Outcome.NOT_REACHED), FACTS),
    "unfinished": (with_future(Outcome.NOT_REACHED), replace(FACTS, finished=False)),
    "grader_error": (with_future(Outcome.GRADER_ERROR, "KeyError: 'canary'"), FACTS),
    "grader_error_outside_of_checks": (
        [PASSED[0], *(Record(item, Outcome.NOT_REACHED) for item in (HEAD, MASK))],
        replace(FACTS, grader_error="Traceback:\n  zygote died, canary", finished=False),
    ),
}


def build(name: str) -> dict[str, Any]:
    records, run = RUNS[name]
    return document(records, POINTS, SHOWN, run, hidden=HIDDEN)


def documents() -> dict[str, dict[str, Any]]:
    made = {name: build(name) for name in RUNS}
    made["first"] = first_document(INFOS, POINTS, SHOWN, RunFacts("homework.zip"))
    made["first_without_checks"] = first_document([], {}, {}, RunFacts("homework.zip"))
    problems = ["charlm/model.py is missing, but there is charlm/Model.py: rename it to exactly model.py."]
    made["refused"] = refusal_document(INFOS, problems, POINTS, SHOWN, RunFacts("homework.zip", notes=("A note.",)))
    return made


DOCUMENTS = documents()


def valid(made: dict[str, Any]) -> dict[str, Any]:
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    json.dumps(made, allow_nan=False, ensure_ascii=False).encode()
    return made


def by_number(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {test["number"]: test for test in made["tests"] if "number" in test}


def staff(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [test for test in made["tests"] if "number" not in test]


def seen_by_students(made: dict[str, Any]) -> str:
    return made["output"] + json.dumps([test for test in made["tests"] if test["visibility"] != "hidden"])


def printed(records: list[Record], facts: RunFacts = FACTS, terminal: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=100, highlight=False, force_terminal=terminal)
    TerminalReport(console).run(records, POINTS, facts, hidden=HIDDEN)
    file.flush()
    return raw.getvalue().decode(encoding)
