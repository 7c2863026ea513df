"""The command `diff`: take both sides in, run them in workers, print the table, write JSON and page."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from autograder.diff.causes import likely, load_causes
from autograder.diff.differ import Differ, Side
from autograder.diff.tables import as_json, show
from autograder.intake import Intake, IntakeError, take_in
from autograder.paths import REFERENCE, ROOT
from autograder.results.text import clean, clean_line
from autograder.sandbox.zygote import SandboxError, Zygote

DONE, USAGE, FAULT = 0, 2, 3
PIPE_WIDTH = 140  # columns where no terminal says how many it has: no row is wrapped
# What a worker has no business with: closed to its user, where it has one of its own, as in grading.
SECRET = tuple(ROOT / name for name in ("autograder", "reference", "tests", "assignment.toml", "results", ".git"))


class Unusable(Exception):
    """A side that cannot be compared, with sentences that may hold a student's names."""


def diff(
    submission: Path, against: str = "reference", json_file: Path | None = None, html_file: Path | None = None
) -> int:
    """Compare `submission` with the reference or with the submission at the path `against`.

    Returns 0 when they were compared, whatever came out; 2 when a path is no submission, or one that cannot be taken
    in; 3 when the tool failed.
    """
    other = REFERENCE if against == "reference" else Path(against)
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="autograder-diff-"))
    try:
        work.chmod(0o711)
        right = _take_in(other, work / "right", "reference" if against == "reference" else str(other))
        mine = _take_in(submission, work / "mine", str(submission))
        with Zygote.start_apart() as zygote:
            zygote.protect(SECRET)
            differ = Differ(zygote, right)
            _ = differ.expected
            shutil.rmtree(right.code)  # so that the second side cannot read the first
            comparison = differ.compare(mine)
            if against == "reference":
                causes = likely(differ, comparison, load_causes())
                comparison = replace(comparison, causes=tuple(cause.say for cause in causes))
        if json_file is not None:
            json_file.write_text(json.dumps(as_json(comparison), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        if html_file is not None:
            from autograder.report.diff_page import page  # with the workers gone: it takes memory, and a second

            html_file.write_text(page(comparison, differ.device, time.monotonic() - began), encoding="utf-8")
        console = Console()
        show(comparison, console if console.is_terminal else Console(width=PIPE_WIDTH))
    except (IntakeError, Unusable) as error:
        return _say(str(error), USAGE)
    except (SandboxError, OSError) as error:
        return _say(f"nothing is compared: {error}", FAULT)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return DONE


def _take_in(source: Path, target: Path, name: str) -> Side:
    intake: Intake = take_in(source, target)
    if intake.problems:
        raise Unusable("\n".join(f"{name}: {problem}" for problem in intake.problems))
    return Side(clean_line(name), target, intake.answers)


def _say(message: str, status: int) -> int:
    print(f"error: {clean(message)}", file=sys.stderr)
    return status
