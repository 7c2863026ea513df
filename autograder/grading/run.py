"""The trusted process: runs every check under pytest and keeps the results file up to date."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import paths
from autograder.grading.catalogue import load_catalogue
from autograder.fresh_start import take_over
from autograder.grading.ledger import Ledger
from autograder.grading.plugin import GradingPlugin
from autograder.grading.prepare import read_intake
from autograder.grading.request import GradeRequest
from autograder.grading.run_context import RunContext
from autograder.sandbox import privileges
from autograder.sandbox.zygote import Zygote
from autograder.settings import load_settings

CONFIG = Path(__file__).with_name("pytest.ini")


def run(request: GradeRequest, work: Path, zygote: Zygote) -> int:
    """Grade the clean copy in `work`. Returns 0, or 3 when the grader itself failed."""
    settings, catalogue, intake = load_settings(), load_catalogue(), read_intake(work)
    asked_for = take_over(request.seed_from)
    seed = secrets.randbits(63) if asked_for is None else asked_for
    ledger = Ledger(request, settings, catalogue, intake, seed)
    exposed = zygote.protect(_secret_paths(request))
    if exposed and request.on_platform:
        raise RuntimeError("the grader's files are open to the submission: " + "; ".join(exposed))
    context = RunContext(request, settings, catalogue, ledger, zygote, work / "submission", intake.answers, seed)
    try:
        ledger.facts = replace(ledger.facts, device=context.device)
        lacking = _protections_lacking(context)
        context.check_accelerator()
        ledger.facts = replace(ledger.facts, notes=(*ledger.facts.notes, *context.check_imports()))
        error = _run_checks(context)
        ledger.facts = replace(
            ledger.facts,
            held_out_loss=context.trainings.held_out_loss,
            staff_notes=(*intake.staff_notes, *exposed, *lacking),
        )
        ledger.finish(error)
    finally:
        context.close()
    return 3 if ledger.failed else 0


def _protections_lacking(context: RunContext) -> list[str]:
    """Sentences for the instructor. Raises RuntimeError where grades count and one that has to be there is missing."""
    missing = context.missing_protections
    required = [name for name in missing if name not in privileges.OPTIONAL]
    if required and context.request.on_platform:
        raise RuntimeError("nothing was run, because this system lacks what holds a submission: " + "; ".join(required))
    return [f"this system lacks a protection against submissions: {name}" for name in missing]


def _run_checks(context: RunContext) -> str | None:
    """Run pytest. Returns what it printed when it could not do its work, None otherwise."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    arguments = ["-c", str(CONFIG), f"--rootdir={paths.ROOT}", "--noconftest", "-p", "pytest_timeout"]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main([*arguments, *map(str, context.catalogue.files)], plugins=[GradingPlugin(context)])
    finished = code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    out_of_time = context.time_left() <= 0
    return None if finished or out_of_time else f"pytest ended with {code!r}\n{output.getvalue()[-4000:]}"


def _secret_paths(request: GradeRequest) -> list[Path]:
    secret = ["autograder", "reference", "tests", "assignment.toml", "results", ".git"]
    platform = [paths.PLATFORM_METADATA, paths.PLATFORM_SUBMISSION] if request.on_platform else []
    return [*(paths.ROOT / name for name in secret), request.out, *platform]
