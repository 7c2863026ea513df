"""The trusted process: runs every check under pytest and keeps the results file up to date."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder import paths
from autograder.fresh_start import take_over
from autograder.grading import report_part
from autograder.grading.catalogue import load_catalogue
from autograder.grading.exhibits import gather
from autograder.grading.launcher import FAULT, READY
from autograder.grading.ledger import Ledger
from autograder.grading.messages import account, tell
from autograder.grading.plugin import GradingPlugin
from autograder.grading.prepare import read_intake
from autograder.grading.request import GradeRequest
from autograder.grading.run_context import RunContext
from autograder.sandbox import privileges
from autograder.sandbox.zygote import Zygote
from autograder.settings import load_settings

CONFIG = Path(__file__).with_name("pytest.ini")


def run(request: GradeRequest, work: Path, zygote: Zygote) -> int:
    """Grade the clean copy in `work`. Returns READY, or FAULT when the grader failed, which is then in the results."""
    torch.set_num_threads(1)  # what checks compare is small, and several threads would mostly wait for each other
    settings, catalogue, intake = load_settings(), load_catalogue(), read_intake(work)
    asked_for = take_over(request.seed_from)
    seed = secrets.randbits(63) if asked_for is None else asked_for
    ledger = Ledger(request, settings, catalogue, intake, seed)
    given = intake.answers, seed, intake.answers_problem
    context = RunContext(request, settings, catalogue, ledger, zygote, work / "submission", *given)
    try:
        _run_all(context)
    except BaseException as error:
        ledger.fault("The run", account(error))
    try:
        context.close()
    except Exception as error:
        ledger.fault("After the last check", f"{type(error).__name__}: {error}")
    ledger.finish()
    if request.reported:
        _hand_over(context, work)
    return FAULT if ledger.failed else READY


def _hand_over(context: RunContext, work: Path) -> None:
    """Leave what the report will show. The results are written, so nothing that goes wrong may end the run."""
    exhibits: dict[str, Any] = {}
    try:
        if not context.ledger.failed:
            exhibits = gather(context)
    except Exception as error:
        tell(f"warning: the report has no pictures: {account(error)}")
    try:
        context.close()
        report_part.hand_over(work, context.ledger.views(), exhibits)
    except Exception as error:
        tell(f"warning: there is no report: {account(error)}")


def _run_all(context: RunContext) -> None:
    ledger, request = context.ledger, context.request
    exposed = context.zygote.protect(_secret_paths(request))
    if exposed and request.on_platform:
        raise RuntimeError("the grader's files are open to the submission: " + "; ".join(exposed))
    ledger.facts = replace(ledger.facts, staff_notes=(*ledger.facts.staff_notes, *exposed), device=context.device)
    ledger.facts = replace(ledger.facts, staff_notes=(*ledger.facts.staff_notes, *_protections_lacking(context)))
    context.check_accelerator()
    ledger.facts = replace(ledger.facts, notes=(*ledger.facts.notes, *context.check_imports()))
    _run_checks(context)
    ledger.facts = replace(ledger.facts, held_out_loss=context.held_out_loss)


def _protections_lacking(context: RunContext) -> list[str]:
    """Sentences for the instructor. Raises RuntimeError where grades count and one that has to be there is missing."""
    missing = context.missing_protections
    required = [name for name in missing if name not in privileges.OPTIONAL]
    if required and context.request.on_platform:
        raise RuntimeError("nothing was run, because this system lacks what holds a submission: " + "; ".join(required))
    return [f"this system lacks a protection against submissions: {name}" for name in missing]


def _run_checks(context: RunContext) -> None:
    """Run pytest. Raises RuntimeError with what it printed when a check has no result and time is not the reason."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = ["-c", str(CONFIG), f"--rootdir={paths.ROOT}", "--noconftest", "-p", "pytest_timeout"]
    arguments += ["--continue-on-collection-errors", "--capture=no"]
    output, plugin = io.StringIO(), GradingPlugin(context)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main([*arguments, *map(str, context.catalogue.files)], plugins=[plugin])
    finished = code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if not plugin.out_of_time and (not finished or context.ledger.not_reached):
        left_out = ", ".join(context.ledger.not_reached)
        raise RuntimeError(f"pytest ended with {code!r} before these checks: {left_out}\n{output.getvalue()[-4000:]}")


def _secret_paths(request: GradeRequest) -> list[Path]:
    secret = ["autograder", "reference", "tests", "assignment.toml", "results", ".git"]
    platform = [paths.PLATFORM_METADATA, paths.PLATFORM_SUBMISSION] if request.on_platform else []
    return [*(paths.ROOT / name for name in secret), request.out, *platform]
