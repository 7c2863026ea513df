"""Nothing that a submission can replace runs where a worker signs its answers."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from autograder.paths import ROOT
from autograder.sandbox.limits import Limits
from support.checking import SubmissionError
from tests.sandbox.conftest import Submit


@pytest.mark.parametrize(
    "change",
    [
        "json.JSONEncoder.encode = spy",
        "json.JSONEncoder.iterencode = spy",
        "json.encoder.c_make_encoder = spy",
        "socket.socket.recv = spy",
        "socket.socket.send = spy",
        "operator.is_ = spy",
        "builtins.all = spy",
        "builtins.len = spy",
        "enum.EnumMeta.__call__ = spy",
    ],
)
def test_code_that_answers_go_through_is_not_run_with_the_key_in_its_frames(change: str, submit: Submit) -> None:
    """Whatever it was put in the place of, and even where no answer can be sent any more."""
    source = f"""
        import builtins, enum, json, operator, os, socket, sys
        def spy(*args, **kwargs):
            frame, names = sys._getframe(), []
            while frame is not None:
                names.append(frame.f_code.co_name)
                frame = frame.f_back
            os.write(2, " ".join(names).encode())
        def replace():
            {change}
    """
    submission = submit(source, limits=Limits(seconds=3))
    with contextlib.suppress(SubmissionError):
        submission.model.replace()
        submission.probes.generator(1)
    submission.close()
    assert "_dialogue" not in submission.session.output.split()


def test_every_function_that_runs_in_reach_of_the_key_is_sealed() -> None:
    command = [sys.executable, "-m", "tests.sandbox.under_the_dialogue"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
