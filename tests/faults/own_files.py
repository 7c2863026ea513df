"""Files of the grader that are wrong or missing, and checks that break in themselves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace as with_changes
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autograder import calibration, corpus, paths
from autograder.settings import load_settings
from tests.faults.cases import not_graded
from tests.faults.stage import CHECKS, Stage, before, module, replace
from tests.faults.strike import at_strike


@not_graded("", "line 6: point: there is no such setting", code=2)
def settings_have_an_unknown_key(stage: Stage) -> None:
    stage.assignment("total_points = 100", "total_points = 100\npoint = 1")


@not_graded("", "limits.run_seconds: Input should be a valid number", code=2)
def settings_have_a_text_for_a_number(stage: Stage) -> None:
    stage.assignment("run_seconds = 540", 'run_seconds = "long"')


@not_graded("", "it is 90, but the points add up to 100", code=2)
def settings_have_points_that_do_not_add_up(stage: Stage) -> None:
    stage.assignment("total_points = 100", "total_points = 90")


@not_graded("", "can't decode byte 0xff", code=2)
def settings_are_not_utf_8(stage: Stage) -> None:
    stage.assignment("total_points = 100", "total_points = 100 # \udcff")


@not_graded("", "No such file or directory", code=2)
def settings_are_missing(stage: Stage) -> None:
    replace("prepare", "load_settings", partial(load_settings, stage.folder / "nothing.toml"))


@not_graded("NNNNNN", "No such file or directory")
def settings_disappear_after_intake(stage: Stage) -> None:
    replace("run", "load_settings", partial(load_settings, stage.folder / "nothing.toml"))


@not_graded("PFPPPG", "calibration.json is missing|No such file", training=True)
def calibration_is_missing(stage: Stage) -> None:
    replace("training", "load", partial(calibration.load, path=stage.folder / "calibration.json"))


def calibrated(stage: Stage, text: str) -> None:
    path = stage.folder / "calibration.json"
    path.write_text(text)
    replace("training", "load", partial(calibration.load, path=path))


@not_graded("PFPPPG", "calibration.json", training=True)
def calibration_is_cut_off(stage: Stage) -> None:
    text = paths.CALIBRATION.read_text()
    calibrated(stage, text[: len(text) // 2])


@not_graded("PFPPPG", "calibration.json", training=True)
def calibration_is_of_another_kind(stage: Stage) -> None:
    calibrated(stage, '{"cpu": [1, 2, 3]}')


@not_graded("PFPPPG", "was not measured for this training setting", training=True)
def calibration_is_empty(stage: Stage) -> None:
    calibrated(stage, "{}")


def text_at(name: str, place: Path) -> None:
    setattr(corpus, name, with_changes(getattr(corpus, name), places=(place,)))


@not_graded("PFPPPG", "is missing. Run `python -m autograder corpus`", training=True)
def corpus_is_missing(stage: Stage) -> None:
    text_at("TRAINING", paths.ROOT / "nothing.txt")


@not_graded("PFPPPG", "was altered. Run `python -m autograder corpus`", training=True)
def corpus_is_altered(stage: Stage) -> None:
    text_at("TRAINING", paths.SETTINGS)


@not_graded("PFPPPG", "is missing. Run `python -m autograder corpus`", training=True)
def held_out_text_is_missing(stage: Stage) -> None:
    text_at("HELD_OUT", paths.ROOT / "nothing.txt")


@not_graded("PFPPPG", "was altered. Run `python -m autograder corpus`", training=True)
def held_out_text_is_altered(stage: Stage) -> None:
    text_at("HELD_OUT", paths.SETTINGS)


def reference(stage: Stage, change: Callable[[Path], object]) -> None:
    """Grade with a changed copy of the reference."""
    copied = stage.folder / "reference"
    shutil.copytree(paths.REFERENCE / "charlm", copied / "charlm")
    change(copied / "charlm")
    replace("run_context", "REFERENCE", copied)


@not_graded("NNNNNN", "trusted code failed: ModuleNotFoundError: No module named 'charlm.attention'")
def module_of_the_reference_is_missing(stage: Stage) -> None:
    reference(stage, lambda code: (code / "attention.py").unlink())


@not_graded("NNNNNN", "trusted code failed|No such file")
def reference_is_missing(stage: Stage) -> None:
    reference(stage, shutil.rmtree)


@not_graded("PFGPP-", "trusted code failed: ZeroDivisionError")
def reference_raises(stage: Stage) -> None:
    reference(stage, lambda code: (code / "tokenizer.py").write_text("def get_vocab(text): 1 / 0"))


@not_graded("PFGPP-", "trusted code failed: SyntaxError")
def reference_does_not_compile(stage: Stage) -> None:
    reference(stage, lambda code: (code / "tokenizer.py").write_text("def get_vocab(text:"))


@not_graded("", "hidden_stages.py: .*invalid syntax")
def check_file_does_not_compile(stage: Stage) -> None:
    stage.checks("hidden_stages.py", "def test_afterwards(", "def def test_afterwards(")


@not_graded("", "check number 1.4 is taken twice")
def check_number_is_taken_twice(stage: Stage) -> None:
    stage.checks("hidden_stages.py", '@number("1.5")', '@number("1.4")')


@not_graded("", "a check needs a @hint")
def check_has_no_hint(stage: Stage) -> None:
    stage.checks("hidden_stages.py", '@number("1.5")\n@hint("This is about the grader.")', '@number("1.5")')


@not_graded("", "there are no checks in .*nowhere")
def hidden_checks_are_missing(stage: Stage) -> None:
    stage.assign(CHECKS / "public", stage.folder / "nowhere")


@not_graded("PFPPNN", "before these checks: 1.5, 2.1", training=True)
def check_file_cannot_be_imported(stage: Stage) -> None:
    stage.checks("hidden_stages.py", '\n\n\n@number("1.5")', '\nimport a_library_that_is_not_here\n\n\n@number("1.5")')


@not_graded("PFPPN-", "before these checks: 1.5")
def check_is_there_and_yet_not_collected(stage: Stage) -> None:
    stage.checks("hidden_stages.py", '@number("2.1")', 'del test_afterwards\n\n\n@number("2.1")')


@not_graded("PFPPG-", "FixtureLookupError: .*a_fixture_of_nobody")
def check_asks_for_what_is_not_there(stage: Stage) -> None:
    stage.checks("hidden_stages.py", "test_afterwards(submission", "test_afterwards(a_fixture_of_nobody, submission")


@not_graded("PFPPG-", "Skipped")
def check_is_skipped(stage: Stage) -> None:
    stage.checks("hidden_stages.py", "def test_afterwards(", "@__import__('pytest').mark.skip\ndef test_afterwards(")


def raises(error: BaseException) -> None:
    def action() -> None:
        raise error

    at_strike(action)


@not_graded("PFGPP-", "ZeroDivisionError: unforeseen")
def check_raises(stage: Stage) -> None:
    raises(ZeroDivisionError("unforeseen"))


class Wordless(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@not_graded("PFGPP-", "Wordless")
def check_raises_what_has_no_words(stage: Stage) -> None:
    raises(Wordless())


@not_graded("PFGPP-", "UnicodeError: .*")
def check_raises_what_cannot_be_written(stage: Stage) -> None:
    raises(UnicodeError("\udcff\x1b[31m" + "x" * 100_000))


@not_graded("PFGPP-", "SystemExit: 0")
def check_exits(stage: Stage) -> None:
    raises(SystemExit(0))


@not_graded("PFGPP-", "MemoryError")
def check_has_no_memory(stage: Stage) -> None:
    raises(MemoryError())


@not_graded("PFNNN-", "before these checks: 1.3, 1.4, 1.5")
def check_ends_pytest(stage: Stage) -> None:
    at_strike(lambda: pytest.exit("enough", returncode=0))


@not_graded("PFNNN-", "before these checks: 1.3, 1.4, 1.5")
def check_is_interrupted(stage: Stage) -> None:
    raises(KeyboardInterrupt())


@not_graded("NNNNNN", "before these checks: 1.1, 1.2, 1.3, 1.4, 1.5, 2.1")
def pytest_runs_nothing(stage: Stage) -> None:
    run = module("run")
    run.CONFIG = stage.folder / "pytest.ini"
    run.CONFIG.write_text("[pytest]\npython_functions = nothing_*\npython_files = *.py\n")


@not_graded("NNNNNN", "before these checks")
def configuration_of_pytest_is_wrong(stage: Stage) -> None:
    run = module("run")
    run.CONFIG = stage.folder / "pytest.ini"
    run.CONFIG.write_text("[pytest]\naddopts = --no-such-option\n")


@not_graded("NNNNNN", "ZeroDivisionError")
def pytest_itself_raises(stage: Stage) -> None:
    before("run", "GradingPlugin", lambda: 1 / 0)  # type: ignore[arg-type,return-value]


@not_graded("PFNNN-", "IndexError: a bug in the writer of results")
def results_cannot_be_put_into_words(stage: Stage) -> None:
    gradescope = module("ledger").gradescope
    document = gradescope.document

    def failing(records: list[Any], *arguments: Any, **options: Any) -> Any:
        if sum(record.outcome.value in ("passed", "failed") for record in records) > 2:
            raise IndexError("a bug in the writer of results")
        return document(records, *arguments, **options)

    gradescope.document = failing


@not_graded("PFPPP-", "After the last check: SandboxError: processes of the submission could not be ended")
def workers_cannot_be_ended_after_the_last_check(stage: Stage) -> None:
    def failing() -> None:
        raise module("zygote").SandboxError("processes of the submission could not be ended")

    before("run", "RunContext.close", failing)


@not_graded("NNNNNN", "the grader's files are open to the submission", platform=True)
def files_of_the_grader_are_open(stage: Stage) -> None:
    module("zygote").Zygote.protect = lambda self, found: ["reference: open to the submission's user"]


@not_graded("NNNNNN", "nothing was run, because this system lacks", platform=True)
def system_lacks_a_protection(stage: Stage) -> None:
    def failing(*_: object) -> None:
        raise OSError(38, os.strerror(38))

    module("nursery").privileges.seccomp.install = failing
