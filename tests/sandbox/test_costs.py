"""No answer that a worker can send costs the grader much memory or time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from autograder.paths import ROOT
from autograder.sandbox import privileges
from autograder.sandbox.wire import REPLIES

MOST_MEGABYTES = 100  # of 768 in the smallest container, where everything together peaks at 495
MOST_SECONDS = 1.5  # of processor time, of which the worst one takes a quarter


@pytest.mark.skipif(not privileges.LINUX, reason="needs /proc")
def test_the_worst_frames_stay_cheap() -> None:
    places = os.pathsep.join([str(ROOT), str(ROOT / "student_template" / "tests")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox.worst_frames"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": places},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    costs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(costs) > 25
    assert [cost for cost in costs if cost["megabytes"] > MOST_MEGABYTES or cost["seconds"] > MOST_SECONDS] == []
    # The bodies were really received and held, or the figures would mean nothing.
    whole = {cost["frame"]: cost["megabytes"] for cost in costs if cost["outcome"] == "decoded"}
    assert whole["one large tensor"] > REPLIES.body / 2**20
    assert whole["empty lists"] > 5
