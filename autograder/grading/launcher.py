"""The first process of a grading. It holds nothing secret, and has the last word when the others broke."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from autograder.grading import report_part
from autograder.grading.messages import account, tell
from autograder.grading.request import GradeRequest
from autograder.grading.supervise import Family, Interrupted, Overdue
from autograder.results import store

# What a part of the work ends with. None is 0 or 1, which a process also ends with when something went wrong in it.
READY, REFUSED, USAGE, FAULT = 11, 10, 2, 3
UNSAID = 4  # a part failed and could not write so
INTAKE_SECONDS = 180.0  # an honest submission takes one, the most complicated one that is refused takes 30
MARGIN = 30.0  # seconds past the run's own time limit, after which whatever hangs is killed


def grade(request: GradeRequest) -> int:
    """Grade one submission. Returns 0 when it was graded (whatever the score), 2 bad usage, 3 not graded.

    A signal that ends this process (SIGINT, SIGTERM, SIGHUP) leaves the results with what was earned so far.
    """
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        # Results of an earlier run must not be taken for this one's; on the platform run_autograder sees to that file.
        for file in (*request.pages.values(), *([] if request.on_platform else [request.results_file])):
            store.remove(file)
    except OSError as error:
        tell(f"error: the results folder cannot be used: {error}")
        return FAULT if request.on_platform else USAGE
    try:
        return _grade(request)
    except Interrupted as interrupted:
        tell(f"error: ended by {interrupted}; the results have what was checked until then")
        signal.signal(interrupted.number, signal.SIG_DFL)
        os.kill(os.getpid(), interrupted.number)
        return FAULT


def _grade(request: GradeRequest) -> int:
    work = None
    try:
        with Family() as family:
            work = Path(tempfile.mkdtemp(prefix="autograder-"))
            work.chmod(0o711)
            return _in_parts(request, work, family)
    except Exception as error:
        _not_graded(request, account(error))
        return FAULT
    finally:
        for file in (request.results_file, *request.pages.values()):
            store.clean_up(file)
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def _in_parts(request: GradeRequest, work: Path, family: Family) -> int:
    """First results and intake in one child, all that knows the checks' inputs and answers in another.

    What the first one reads (the checks' texts, the points) would otherwise be inherited by every worker.
    """
    name = "taking the submission in"
    try:
        status = family.run(lambda: _said(request, lambda: _prepare(request, work)), INTAKE_SECONDS)
        if status == READY:
            name = "grading"
            status = family.run(lambda: _said(request, lambda: _run(request, work)), time_left(request, work))
        if report_part.is_due(work):
            _report(request, work, family)
    except Overdue as error:
        _not_graded(request, f"The process that was {name} hung: {error}.")
        return FAULT
    if status not in (READY, REFUSED, USAGE, FAULT):
        _not_graded(request, f"The process that was {name} {_ended(status)}.")
        return FAULT
    return 0 if status in (READY, REFUSED) else status


def time_left(request: GradeRequest, work: Path) -> float:
    """Seconds until whatever still runs is killed, so that the platform does not do it: it would take all points."""
    return float((work / "run_seconds").read_text()) + MARGIN - (time.monotonic() - request.started)


def _report(request: GradeRequest, work: Path, family: Family) -> None:
    """The results are complete by now, and the processes that had torch and the submission are gone."""
    try:
        seconds = max(0.0, min(report_part.SECONDS, time_left(request, work)))
        status = family.run(lambda: report_part.write(request, work), seconds)
    except (Overdue, OSError) as error:
        tell(f"warning: there is no report: {error}")
    else:
        if status not in (report_part.WRITTEN, report_part.LEFT_OUT):
            tell(f"warning: there is no report: the process that was writing it {_ended(status)}")


def _ended(status: int) -> str:
    if status >= 0:
        return f"failed (exit status {status}) and could not write why: see what was printed"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    killed = " Memory may have run out." if status == -signal.SIGKILL else ""
    return f"was ended by {name}.{killed}".rstrip(".")


def _said(request: GradeRequest, part: Callable[[], int]) -> int:
    """Run a part inside its process, and write what it raises into the results."""
    try:
        return part()
    except BaseException as error:
        return FAULT if _not_graded(request, account(error)) else UNSAID


def _prepare(request: GradeRequest, work: Path) -> int:
    from autograder.grading.prepare import prepare

    return prepare(request, work)


def _run(request: GradeRequest, work: Path) -> int:
    from autograder.sandbox.zygote import Zygote

    # The folder we were called in may be gone, or hold a submission. What is left of a killed run goes with `work`.
    os.chdir(work)
    tempfile.tempdir = str(work)
    with Zygote.start() as zygote:
        from autograder.grading.run import run

        return run(request, work, zygote)


def _not_graded(request: GradeRequest, reason: str) -> bool:
    """Say in the results and on stderr that the grader failed; whether the results could be written.

    If not, the earlier ones stay: they have what was earned, and do not look finished.
    """
    tell(f"error: not graded. {reason}")
    try:
        from autograder.grading.ledger import write_not_graded

        write_not_graded(request, reason)
    except Exception as error:
        tell(f"error: the results could not be written either. {account(error)}")
        return False
    return True
