"""Runs cases of faults, each in a fork of one process that has imported everything.

    python -m tests.faults.run_cases FOLDER PROCESSES CASE...

The file PROCESSES says how many run at a time, and may change meanwhile.
FOLDER/CASE/ gets what the grader left: results/, printed.txt, errors.txt, and end.json with its exit code (negative:
the signal), the processes and temporary files that are left, and the seconds it took.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil

from autograder import cli
from autograder.grading.supervise import ENDING
from autograder.sandbox import nursery, privileges
from tests.faults.cases import CASES
from tests.faults.stage import Stage

FILLING = "filling"  # what a case itself leaves
LONGEST = 60  # seconds for one case
UNTIL_GONE = 5.0  # seconds in which what outlives the first process has to end by itself


def main(folder: Path, processes: Path, names: list[str]) -> None:
    """Run the cases, as many at a time as stands in `processes`."""
    nursery.preload()
    _import_the_grader()
    privileges.adopt_orphans()
    waiting, running = list(names), dict[int, tuple[Stage, float]]()
    while waiting or running:
        while waiting and len(running) < int(processes.read_text() or 1):  # empty while it is written
            stage = Stage(folder / waiting[0], CASES[waiting.pop(0)])
            running[_start(stage)] = stage, time.monotonic()
        pid, status = os.wait()
        if pid in running:
            stage, began = running.pop(pid)
            _finish(stage, os.waitstatus_to_exitcode(status), time.monotonic() - began, set(running))


def _import_the_grader() -> None:
    import autograder.grading.prepare
    import autograder.grading.run  # noqa: F401


def _start(stage: Stage) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        os.setsid()
        for number in ENDING:  # whoever started the tests in the background may have had them ignored
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(LONGEST)
        stage.enter()
        status = cli.main(stage.arguments())
    except SystemExit as error:
        status = int(error.code or 0)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(status)


def _finish(stage: Stage, code: int, seconds: float, others: set[int]) -> None:
    left = _left(others)
    stage.leave()
    temporary = sorted(path.name for path in stage.temporary.iterdir() if path.name != FILLING)
    end = {"code": code, "processes": left, "temporary": temporary, "seconds": seconds}
    (stage.folder / "end.json").write_text(json.dumps(end))
    shutil.rmtree(stage.temporary, ignore_errors=True)


def _left(others: set[int]) -> list[str]:
    """The processes that came to us, or stayed behind, and do not end by themselves; they are killed."""
    until = time.monotonic() + UNTIL_GONE
    while left := [child for child in psutil.Process().children() if child.pid not in others]:
        for child in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.status() == psutil.STATUS_ZOMBIE:
                    child.wait()
                elif time.monotonic() >= until:
                    return _killed(left)
        time.sleep(0.01)
    return []


def _killed(processes: list[psutil.Process]) -> list[str]:
    names = [f"{process.pid} {process.status()}" for process in processes]
    for process in processes:
        process.kill()
        process.wait()
    return names


if __name__ == "__main__":
    tempfile.tempdir = None
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
