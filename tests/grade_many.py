"""Grades many submissions from one warm process: torch is imported once, and each grading is a fork of it.

    python -m tests.grade_many JOBS.json --processes 2

JOBS.json is a list of objects with `submission`, `out`, `without_training` and `seed`. The exit code of each
grading is written to `exit_code` in its `out` folder, what it printed to `printed.txt`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from autograder.grading.launcher import grade
from autograder.grading.request import GradeRequest
from autograder.sandbox import nursery


def main(jobs_file: str, processes: int) -> int:
    """Run the jobs, `processes` at a time. Returns how many could not be graded."""
    nursery.preload()
    waiting: list[dict[str, Any]] = json.loads(Path(jobs_file).read_text())
    running: dict[int, Path] = {}
    failed = 0
    while waiting or running:
        while waiting and len(running) < processes:
            job = waiting.pop(0)
            running[_start(job)] = Path(job["out"])
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        (running.pop(pid) / "exit_code").write_text(str(code))
        failed += code != 0
    return failed


def _start(job: dict[str, Any]) -> int:
    out = Path(job["out"])
    out.mkdir(parents=True, exist_ok=True)
    pid = os.fork()
    if pid:
        return pid
    status = 99
    try:
        printed = os.open(out / "printed.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        status = grade(
            GradeRequest(
                submission=Path(job["submission"]),
                out=out,
                device="cpu",
                without_training=job["without_training"],
                seed=job["seed"],
                on_platform=False,
                started=time.monotonic(),
            )
        )
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[sys.argv.index("--processes") + 1])))
