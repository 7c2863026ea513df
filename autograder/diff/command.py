"""The command `diff`: take both sides in, run them in workers, print the table, write JSON and page."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.diff.outputs import Output
from autograder.grading.messages import account, tell
from autograder.grading.supervise import Family, Interrupted
from autograder.paths import REFERENCE, ROOT

if TYPE_CHECKING:
    from autograder.diff.differ import Comparison, Side
    from autograder.sandbox.zygote import Zygote
    from autograder.settings import Settings

DONE, USAGE, FAULT = 0, 2, 3
PIPE_WIDTH = 140  # columns where no terminal says how many it has: no row is wrapped
# What a worker has no business with: closed to its user, where it has one of its own, as in grading.
SECRET = tuple(ROOT / name for name in ("autograder", "reference", "tests", "assignment.toml", "results", ".git"))


@dataclass(frozen=True)
class DiffRequest:
    """What to compare, and where to write it besides the terminal. `against` is None for the reference."""

    submission: Path
    against: Path | None
    device: str
    json_file: Path | None
    html_file: Path | None
    started: float


class Unusable(Exception):
    """The request cannot be met, for a reason that lies with who made it. May hold a student's names."""


class Impossible(Exception):
    """The request cannot be met on this machine, or with these settings."""


def diff(request: DiffRequest) -> int:
    """Compare the submission with the reference or another submission.

    Returns 0 when they were compared, whatever came out; 2 when a path is no submission, or one that cannot be taken
    in, or a file cannot be written; 3 when the tool failed. A signal that ends this process leaves nothing behind.
    """
    try:
        if request.json_file is not None and request.json_file == request.html_file:
            raise Unusable("--json and --html name the same file")
        with contextlib.ExitStack() as stack:
            outputs = {path: _open(path, stack) for path in (request.json_file, request.html_file) if path is not None}
            with Family():
                comparison, device = _compared(request)
            _write(request, outputs, comparison, device)
        _print(comparison)
    except Unusable as error:
        tell(f"error: {error}")
        return USAGE
    except Impossible as error:
        tell(f"error: nothing is compared: {error}")
        return FAULT
    except Interrupted as interrupted:
        tell(f"error: ended by {interrupted}; nothing is compared")
        signal.signal(interrupted.number, signal.SIG_DFL)
        os.kill(os.getpid(), interrupted.number)
    except BrokenPipeError:
        return DONE  # who read the table has seen enough
    except Exception as error:
        tell(f"error: nothing is compared. {account(error)}")
        return FAULT
    return DONE


def _open(path: Path, stack: contextlib.ExitStack) -> Output:
    try:
        return stack.enter_context(Output(path))
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None


def _compared(request: DiffRequest) -> tuple[Comparison, str]:
    """Everything that needs workers. None of them is left when this returns or raises."""
    for path in (request.submission, request.against):
        if path is not None and not path.exists():
            raise Unusable(f"there is no submission at {path}")
    work, before = Path(tempfile.mkdtemp(prefix="autograder-diff-")), tempfile.tempdir
    try:
        work.chmod(0o711)
        tempfile.tempdir = str(work)  # so that what libraries and workers leave there goes with it
        from autograder.sandbox import nursery
        from autograder.sandbox.zygote import Zygote

        with Zygote.start(nursery.LIGHT) as zygote:
            return _compare(request, work, zygote)
    finally:
        tempfile.tempdir = before
        shutil.rmtree(work, ignore_errors=True)


def _compare(request: DiffRequest, work: Path, zygote: Zygote) -> tuple[Comparison, str]:
    import torch

    from autograder.devices import DeviceMissing, accelerator_for, device_for
    from autograder.diff.causes import likely, load_causes
    from autograder.diff.differ import Differ
    from autograder.sandbox.limits import MIB, Limits
    from autograder.settings import SettingsError, load_settings

    torch.set_num_threads(1)  # for small tensors another thread is only one that waits
    try:
        settings = load_settings()
        device = accelerator_for(device_for(request.device))
    except (SettingsError, DeviceMissing) as error:
        raise Impossible(str(error)) from None
    right = _take_in(request.against or REFERENCE, work / "right", settings, request.against is None)
    mine = _take_in(request.submission, work / "mine", settings, False)
    limits = Limits(memory=settings.limits.memory_mb * MIB)
    zygote.protect(SECRET)
    differ = Differ(zygote, right, device, limits, settings.shortcuts.forbidden)
    comparison = differ.compare(mine)
    if request.against is None:
        causes = likely(differ, comparison, load_causes())
        comparison = replace(
            comparison, causes=None if causes is None else tuple(dict.fromkeys(cause.say for cause in causes))
        )
    return comparison, device


def _take_in(source: Path, target: Path, settings: Settings, is_reference: bool) -> Side:
    from autograder.diff.differ import REFERENCE_NAME, Side
    from autograder.intake import IntakeError, IntakeLimits, take_in
    from autograder.results.text import clean_line

    name = REFERENCE_NAME if is_reference else str(source)
    sizes = IntakeLimits(files=settings.limits.submission_files, total_bytes=int(settings.limits.submission_mb * 2**20))
    try:
        intake = take_in(source, target, sizes)
    except IntakeError as error:
        raise Unusable(str(error)) from None
    if intake.problems:
        raise Unusable("\n".join(f"{name}: {problem}" for problem in intake.problems))
    return Side(clean_line(name), target, intake.answers)


def _write(request: DiffRequest, outputs: dict[Path, Output], comparison: Comparison, device: str) -> None:
    from autograder.diff.tables import as_json

    if request.json_file is not None:
        outputs[request.json_file].write(json.dumps(as_json(comparison), indent=1, allow_nan=False) + "\n")
    if request.html_file is not None:
        from autograder.report.diff_page import page  # with the workers gone: it takes memory, and a second

        outputs[request.html_file].write(page(comparison, device, time.monotonic() - request.started))


def _print(comparison: Comparison) -> None:
    from rich.console import Console

    from autograder.diff.tables import show

    console = Console()
    show(comparison, console if console.is_terminal else Console(width=PIPE_WIDTH))
