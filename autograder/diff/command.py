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
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.diff.beforehand import Beforehand, Found, Impossible, Unusable
from autograder.diff.outputs import Output
from autograder.grading.messages import account, tell
from autograder.grading.supervise import Family, Interrupted
from autograder.paths import CACHE, ROOT
from autograder.results.text import clean_line

if TYPE_CHECKING:
    from autograder.diff.differ import Comparison, Differ, Side
    from autograder.sandbox.zygote import Zygote

DONE, USAGE, FAULT = 0, 2, 3
PIPE_WIDTH = 180  # columns where no terminal says how many it has: no row is wrapped
# What a worker has no business with: closed to its user, where it has one of its own, as in grading.
SECRET = (
    *(ROOT / name for name in ("autograder", "reference", "tests", "assignment.toml", "results", ".git")),
    CACHE,
)


@dataclass(frozen=True)
class DiffRequest:
    """What to compare, and where to write it besides the terminal. `against` is None for the reference."""

    submission: Path
    against: Path | None
    device: str
    json_file: Path | None
    html_file: Path | None
    started: float


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
            with Family() as family:
                comparison, device = _compared(request, family)
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


def _compared(request: DiffRequest, family: Family) -> tuple[Comparison, str]:
    """Everything that needs other processes. None of them is left when this returns or raises."""
    for path in (request.submission, request.against):
        if path is not None and not path.exists():
            raise Unusable(f"there is no submission at {path}")
    work, before = Path(tempfile.mkdtemp(prefix="autograder-diff-")), tempfile.tempdir
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        stack.callback(setattr, tempfile, "tempdir", before)
        work.chmod(0o711)
        tempfile.tempdir = str(work)  # so that what libraries and workers leave there goes with it
        sources = {work / "mine": request.submission, work / "right": request.against}
        beforehand = Beforehand(family, {target: path for target, path in sources.items() if path is not None})
        stack.callback(beforehand.end)
        from autograder.sandbox.zygote import Zygote

        zygote = stack.enter_context(Zygote.start())
        return _compare(request, work, zygote, beforehand)


def _compare(request: DiffRequest, work: Path, zygote: Zygote, beforehand: Beforehand) -> tuple[Comparison, str]:
    import torch

    from autograder.devices import DeviceMissing, accelerator_for, device_for
    from autograder.diff.causes import likely
    from autograder.diff.differ import Side, reference_side

    import_module("autograder.diff.tables")  # for later: here the zygote is not ready yet
    torch.set_num_threads(1)  # for small tensors another thread is only one that waits
    try:
        device = accelerator_for(device_for(request.device))
    except DeviceMissing as error:
        raise Impossible(str(error)) from None
    found = beforehand.found()
    zygote.protect(SECRET)

    def side(path: Path, name: str) -> Side:
        return Side(clean_line(str(path)), work / name, found.answers[work / name])

    right = reference_side() if request.against is None else side(request.against, "right")
    differ = _differ(zygote, right, device, found, memory=request.against is None)
    comparison = differ.compare(side(request.submission, "mine"))
    if request.against is None:
        causes = likely(differ, comparison, found.causes)
        comparison = replace(
            comparison, causes=None if causes is None else tuple(dict.fromkeys(cause.say for cause in causes))
        )
    return comparison, device


def _differ(zygote: Zygote, right: Side, device: str, found: Found, *, memory: bool) -> Differ:
    """With a `memory` of the right side, unless a worker could read or write there."""
    from autograder.diff.differ import Differ
    from autograder.diff.memory import DiskMemory
    from autograder.sandbox.limits import MIB, Limits
    from autograder.sandbox.privileges import keeps_to_its_own

    limits = Limits(memory=found.memory_mb * MIB)
    if device == "cuda":
        limits = limits.beside_a_gpu()
    kept = None
    if memory and keeps_to_its_own(limits):
        kept = DiskMemory(right.code, (device, repr(limits), *found.forbidden))
    return Differ(zygote, right, device, limits, found.forbidden, kept)


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
