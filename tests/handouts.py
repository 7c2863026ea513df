"""Tries the handout as students with other versions of Python and PyTorch do: `python -m tests.handouts PYTHON ...`.

Each PYTHON is the interpreter of an environment that has what the handout's requirements.txt asks for; with none named,
it is the running one. Prints, for the untouched template and for the finished homework, how many checks passed, and the
seconds that `pytest` took. Fails where a check of the finished homework fails, or one of the template is not "todo". An
old PyTorch may skip checks of problem 4.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.handout import FOLDER, collect, zipped
from autograder.paths import REFERENCE

VERSIONS = "import sys, torch; print('Python %d.%d' % sys.version_info[:2], 'torch', torch.__version__)"


@dataclass(frozen=True)
class Tried:
    """What `pytest` said: exit status, the checks behind each mark, seconds of the clock and of the processor."""

    status: int
    printed: str
    seconds: float
    cpu_seconds: float

    def marked(self, mark: str) -> list[str]:
        return re.findall(rf"^{mark} +(\d+\.\d+)  ", self.printed, re.MULTILINE)

    def __str__(self) -> str:
        counts = [f"{len(self.marked(mark))} {mark}" for mark in ("ok", "todo", "FAIL", "skip") if self.marked(mark)]
        return f"{', '.join(counts)}, exit status {self.status}, {self.seconds:.1f} s ({self.cpu_seconds:.1f} s of CPU)"


def unpack(folder: Path, *, finished: bool) -> Path:
    """The handout as a student unpacks it, or as one who has solved everything has it."""
    with zipfile.ZipFile(io.BytesIO(zipped(collect()))) as archive:
        archive.extractall(folder)
    if finished:
        shutil.copytree(REFERENCE / "charlm", folder / FOLDER / "charlm", dirs_exist_ok=True)
        shutil.copy(REFERENCE / "answers.toml", folder / FOLDER)
    return folder / FOLDER


def run_pytest(python: str, folder: Path) -> Tried:
    """Run `pytest` there with nothing of this project in reach."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder)}
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [python, "-m", "pytest"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Tried(done.returncode, done.stdout + done.stderr, time.monotonic() - began, spent)


def try_python(python: str) -> bool:
    """Whether both homeworks come out as they have to; says what happened."""
    print(subprocess.check_output([python, "-c", VERSIONS], text=True).strip())
    with tempfile.TemporaryDirectory() as folder:
        blank = run_pytest(python, unpack(Path(folder, "blank"), finished=False))
        done = run_pytest(python, unpack(Path(folder, "done"), finished=True))
    wanted, skipped = blank.marked("todo"), blank.marked("skip")
    right = bool(wanted) and all(number.startswith("4.") for number in skipped)
    right = right and (blank.status, blank.marked("ok"), blank.marked("FAIL")) == (1, [], [])
    right = right and (done.status, done.marked("ok"), done.marked("FAIL"), done.marked("skip")) == (
        0,
        wanted,
        [],
        skipped,
    )
    print(f"  template: {blank}\n  finished: {done}")
    if not right:
        print(blank.printed, done.printed, sep="\n")
    return right


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something is not as it has to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.handouts", description=__doc__)
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON")
    return int(not all([try_python(python) for python in parser.parse_args(arguments).pythons]))


if __name__ == "__main__":
    sys.exit(main())
