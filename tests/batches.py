"""Many gradings at once, beside the tests that need none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.paths import ROOT
from tests.canaries import Canaries
from tests.gradings import PLANTED, Grading, Job, read, request

CORES = 2  # to use when nothing else runs
AT_A_TIME = CORES + 1  # gradings, as each waits for a sixth of its time


class Batch:
    """Gradings of jobs, each once, in forks of one process that has torch imported: they begin at once.

    One at a time, so that tests can run beside them, until somebody waits for the end. The canaries are planted
    already, but for those in the grader's environment, command line and results. `imported`: the grader is imported
    once for all of them, which hostile submissions would inherit.
    """

    def __init__(self, jobs: Iterable[Job], folder: Path, canaries: Canaries, *, imported: bool = False) -> None:
        # The long ones first, so that no core is idle at the end.
        ordered = sorted(set(jobs), key=lambda job: (not job.training, job.name, job.seed))
        self._requests = {job: request(job, folder / f"{number:03}-{job.name}") for number, job in enumerate(ordered)}
        self._canaries, self._processes = canaries, folder / "processes"
        self._processes.write_text("1")
        listing = folder / "jobs.json"
        listing.write_text(json.dumps(list(self._requests.values())), encoding="utf-8")
        command = [sys.executable, "-m", "tests.grade_many", str(listing), "--processes", str(self._processes)]
        command += ["--secret", canaries.new("command line"), *(["--imported"] if imported else [])]
        for requested in self._requests.values():
            canaries.put("results", Path(requested["out"]) / PLANTED)
        self._grader = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **canaries.environment})

    @property
    def under_way(self) -> bool:
        """Whether it still keeps a core busy."""
        return self._grader.poll() is None

    def finish(self) -> dict[Job, Grading]:
        """Use all cores, and wait for the end."""
        self._processes.write_text(str(AT_A_TIME))
        self._grader.wait()
        return {job: read(Path(requested["out"]), self._canaries) for job, requested in self._requests.items()}

    def give_up(self) -> None:
        """End what is still under way."""
        self._grader.kill()
        self._grader.wait()
