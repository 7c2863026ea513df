"""The process that everything else is forked from. It holds nothing secret until the zygote has been forked."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from autograder.grading.request import GradeRequest

READY, REFUSED, FAULT = 0, 10, 3


def grade(request: GradeRequest) -> int:
    """Grade one submission. Returns 0 when it was graded (whatever the score), 2 bad usage, 3 not graded."""
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        if not request.on_platform:
            # Results of an earlier run must not be taken for this one's; run_autograder sees to it on the platform.
            request.results_file.unlink(missing_ok=True)
    except OSError as error:
        print(f"error: the results folder cannot be used: {error}", file=sys.stderr)
        return 2
    work = Path(tempfile.mkdtemp(prefix="autograder-"))
    try:
        work.chmod(0o711)
        status = _in_child(request, work)
        if status != READY:
            return 0 if status == REFUSED else status
        return _run(request, work)
    except Exception:
        return _not_graded(request, traceback.format_exc())
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _in_child(request: GradeRequest, work: Path) -> int:
    """Write the first results and take the submission in, in a process of its own.

    What it reads (the checks' texts, the points) would otherwise be inherited by every worker.
    """
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256
    status = FAULT
    try:
        from autograder.grading.prepare import prepare

        status = prepare(request, work)
    except BaseException:
        status = _not_graded(request, traceback.format_exc())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run(request: GradeRequest, work: Path) -> int:
    from autograder.sandbox.zygote import Zygote

    with Zygote.start() as zygote:
        from autograder.grading.run import run

        return run(request, work, zygote)


def _not_graded(request: GradeRequest, reason: str) -> int:
    from autograder.grading.ledger import write_not_graded

    print(reason, file=sys.stderr)
    return write_not_graded(request, reason)
