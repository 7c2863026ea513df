"""Runs the cases that the selected tests are about, all in one go."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.paths import ROOT

collect_ignore = ["checks"]
PAUSE = 0.5  # seconds until it looks again whether more cores are free


@pytest.fixture(scope="session")
def endings(request: pytest.FixtureRequest, cores: Callable[[], int]) -> Iterator[Path]:
    """The folder with what became of each case, by its name."""
    names = [item.callspec.params["name"] for item in request.session.items if "endings" in _fixtures(item)]
    # Not pytest's own: a worker's user has to be able to enter it.
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o711)
    try:
        processes = folder / "processes"
        processes.write_text(str(cores()))
        command = [sys.executable, "-m", "tests.faults.run_cases", str(folder), str(processes), *names]
        running = subprocess.Popen(command, cwd=ROOT)
        try:
            while running.poll() is None:
                processes.write_text(str(cores()))
                time.sleep(PAUSE)
        finally:
            running.kill()
        assert running.returncode == 0
        yield folder
    finally:
        shutil.rmtree(folder)


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])
