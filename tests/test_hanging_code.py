"""Gradings of code that hangs, dies, or cannot be imported: it costs its own checks, and a time that is bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import ROOT
from tests.test_grading import NUMBERS, Results, copy_project, copy_solution, grade, insert, outcomes, results


def numbers_covering(*parts: str) -> set[str]:
    return {info.number for info in load_catalogue().checks if info.covers & set(parts)}


def reaches_the_time_limit_of_the_run(solution: Path, project: Path) -> Path:
    insert(solution / "charlm" / "data.py", "def split(", "import time\n    time.sleep(1000)")
    return copy_project(
        project, ("run_seconds = 540", "run_seconds = 30"), ("check_seconds = 40 ", "check_seconds = 100 ")
    )


def dies_hangs_or_floods(solution: Path, project: Path) -> Path:
    tokenizer, data, attention = (solution / "charlm" / f"{name}.py" for name in ("tokenizer", "data", "attention"))
    insert(tokenizer, "def decode(", "import os\n    os._exit(0)")
    insert(data, "def split(", "import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    signal.pause()")
    insert(attention, "def attention_scores(", "print('flood ' * 500_000)")
    return copy_project(project, ("check_seconds = 40 ", "check_seconds = 6 "))


def cannot_be_imported(solution: Path, project: Path) -> Path:
    with (solution / "charlm" / "training.py").open("a") as file:
        file.write("import time\ntime.sleep(1000)\n")
    with (solution / "charlm" / "tokenizer.py").open("a") as file:
        file.write("import a_library_of_mine\n")
    return ROOT


# What is wrong with a solution, and the options of its grading. They wait more than they compute.
WAITING: dict[str, tuple[Callable[[Path, Path], Path], tuple[str, ...]]] = {
    "reaches_the_time_limit_of_the_run": (reaches_the_time_limit_of_the_run, ("--without-training",)),
    "dies_hangs_or_floods": (dies_hangs_or_floods, ("--without-training",)),
    "cannot_be_imported": (cannot_be_imported, ()),
}


@dataclass(frozen=True)
class Ended:
    code: int
    printed: str
    results: Results
    seconds: float


def grade_what_waits(name: str, folder: Path) -> Ended:
    spoil, options = WAITING[name]
    solution, out, began = copy_solution(folder / "solution"), folder / "out", time.monotonic()
    code, printed = grade(spoil(solution, folder / "project"), solution, "--out", out, *options)
    return Ended(code, printed, results(out / "results.json"), time.monotonic() - began)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ended]]]:
    """They are graded side by side, from the first test on that asks for one."""
    with ThreadPoolExecutor(len(WAITING)) as pool:
        yield {name: pool.submit(grade_what_waits, name, tmp_path_factory.mktemp(name)) for name in WAITING}


def test_time_limit_of_the_run_keeps_what_was_earned(waiting: dict[str, Future[Ended]]) -> None:
    ended = waiting["reaches_the_time_limit_of_the_run"].result()
    verdicts = outcomes(ended.results)
    assert ended.code == 0
    assert {verdicts[number] for number in NUMBERS if number.startswith("1.")} == {"passed"}
    assert verdicts["2.1"] == "timed out"
    assert verdicts["9.1"] == "not reached"
    assert ended.results["score"] > 0


def test_code_that_dies_hangs_or_floods_costs_its_own_checks(waiting: dict[str, Future[Ended]]) -> None:
    ended = waiting["dies_hangs_or_floods"].result()
    verdicts = outcomes(ended.results)
    later = {"4.9"}  # it asks the same of another device, so it waits for what is wrong on the CPU
    assert ended.code == 0
    for part, outcome in (("decode", "error in the submission"), ("split", "timed out")):
        assert {verdicts[number] for number in numbers_covering(part) - later} == {outcome}
    assert {verdicts[number] for number in later} == {"blocked"}
    others = NUMBERS - numbers_covering("decode", "split") - load_catalogue().trained
    assert {number: verdicts[number] for number in others if verdicts[number] not in ("passed", "blocked")} == {}
    assert {verdicts[number] for number in numbers_covering("attention_scores", "causal_mask", "loss_fn")} == {"passed"}


def test_modules_that_cannot_be_imported_are_named_and_cost_no_time(waiting: dict[str, Future[Ended]]) -> None:
    ended = waiting["cannot_be_imported"].result()
    found = ended.results
    assert ended.code == 0, ended.printed
    assert "charlm/training.py takes longer than 20 s to import" in found["output"]
    assert "charlm/tokenizer.py cannot be imported: ModuleNotFoundError: No module named" in found["output"]
    verdicts = outcomes(found)
    assert {verdicts[number] for number in numbers_covering("train", "loss_fn")} <= {"timed out", "blocked"}
    assert {verdicts[number] for number in numbers_covering("get_vocab")} == {"error in the submission"}
    assert {verdicts[number] for number in numbers_covering("attention_scores", "TransformerLM")} == {"passed"}
    assert ended.seconds < 200
