"""What every case has: a submission, a small assignment, streams and folders of its own; and means to break them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from autograder import paths
from autograder.grading.catalogue import load_catalogue
from autograder.settings import Settings, load_settings
from tests.patches import Change, write_patched

HERE = Path(__file__).parent
CHECKS = HERE / "checks"
OUTCOMES = {
    "P": "passed",
    "F": "failed",
    "E": "error in the submission",
    "M": "out of memory",
    "G": "grader error",
    "N": "not reached",
    "-": "not run",
}
NUMBERS = ("1.1", "1.2", "1.3", "1.4", "1.5", "2.1")
WRONG = Change("charlm/tokenizer.py", "def decode(", "def decode(*_): return ''\n\n\ndef _decode(")


@dataclass(frozen=True)
class Case:
    """One fault: `inject` plants it, in the first process of the grading.

    `outcomes` has a letter for each check, None when no results can be there; `said` is in the hidden entry for staff
    (where the run is not graded) and `printed` on stderr. `spared` leftovers of a killed launcher are forgiven.
    """

    inject: Callable[[Stage], None]
    code: int
    state: str
    outcomes: str | None
    said: str
    printed: str
    changes: tuple[Change, ...] = ()
    training: bool = False
    platform: bool = False
    needs_mount: bool = False
    needs_memory_group: bool = False
    leaves_files: bool = False


@dataclass
class Stage:
    """The folders of one case. `mounted` lie on file systems of their own, made in `enter` and gone after `leave`."""

    folder: Path
    case: Case
    clean_up: list[Callable[[], None]] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "results"

    @property
    def results(self) -> Path:
        return self.out / "results.json"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def work(self) -> Path:
        """The folder of the running grading."""
        return next(self.temporary.glob("autograder-*"))

    def arguments(self) -> list[str]:
        """The command line."""
        chosen = [] if self.case.platform else [str(self.folder / "submission"), "--out", str(self.out)]
        return ["grade", *chosen, "--device", "cpu", *([] if self.case.training else ["--without-training"])]

    def enter(self) -> None:
        """Set all up in the process that becomes the launcher, and plant the fault."""
        self.temporary.mkdir(parents=True)
        self.out.mkdir()
        write_patched((WRONG, *self.case.changes), self.folder / "submission")
        for descriptor, name in ((1, "printed.txt"), (2, "errors.txt")):
            opened = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.environ["TMPDIR"] = str(self.temporary)
        tempfile.tempdir = None
        if self.case.platform:
            paths.PLATFORM_SUBMISSION = self.folder / "submission"
            paths.PLATFORM_RESULTS = self.results
            paths.PLATFORM_METADATA = self.folder / "submission_metadata.json"
        self.assign()
        replace("run", "gather", lambda context: {})  # what a report shows takes longer than these gradings
        self.case.inject(self)

    def leave(self) -> None:
        """Undo what outlives the processes: mounts. In the process that started the case."""
        for place in (self.out, self.temporary):
            if place.is_mount():
                kept = shutil.copytree(place, self.folder / f"{place.name}-kept", symlinks=True)
                subprocess.run(["umount", str(place)], check=True)
                place.rmdir()
                kept.rename(place)

    def assign(self, public: Path = CHECKS / "public", hidden: Path = CHECKS / "hidden", **limits: float) -> None:
        """Replace the assignment by the six checks here, or those in other folders, and by short limits."""
        settings = load_settings()
        points = dict.fromkeys(settings.points, 0.0) | {1: 60.0, 2: 40.0}
        bounds = settings.limits.model_copy(update={"check_seconds": 10.0, "run_seconds": 50.0, **limits})
        self.replace_settings(settings.model_copy(update={"points": points, "limits": bounds}))
        replace("prepare", "load_catalogue", partial(load_catalogue, public, hidden))
        replace("run", "load_catalogue", partial(load_catalogue, public, hidden))

    def replace_settings(self, settings: Settings) -> None:
        replace("prepare", "load_settings", lambda: settings)
        replace("run", "load_settings", lambda: settings)

    def assignment(self, old: str, new: str) -> None:
        """Read the real assignment.toml again, with one text changed."""
        path = self.folder / "assignment.toml"
        text = paths.SETTINGS.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_bytes(text.replace(old, new).encode("utf-8", "surrogateescape"))
        replace("prepare", "load_settings", partial(load_settings, path))

    def checks(self, name: str, old: str, new: str) -> None:
        """Change one text in a copy of the checks here."""
        copied = Path(shutil.copytree(CHECKS, self.folder / "checks"))
        path = next(copied.rglob(name))
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.assign(copied / "public", copied / "hidden")

    def mount(self, place: Path, options: str) -> None:
        """Put a small file system there."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "none", str(place)], check=True)


def module(name: str) -> Any:
    """A module of the grader, by the last part of its name."""
    import importlib

    folders = {"store": "results", "terminal": "results", **dict.fromkeys(("zygote", "nursery", "worker"), "sandbox")}
    folders |= {"parse": "intake", "collect": "intake"}
    return importlib.import_module(f"autograder.{folders.get(name, 'grading')}.{name}")


def replace(name: str, attribute: str, value: object) -> None:
    """Set an attribute of a module, by the last part of the module's name."""
    found = module(name)
    assert hasattr(found, attribute)
    setattr(found, attribute, value)


def before(name: str, attribute: str, action: Callable[[], None]) -> None:
    """Do something each time before a function of the grader; `attribute` may be `Class.method`."""
    owner, (*classes, last) = module(name), attribute.split(".")
    for part in classes:
        owner = getattr(owner, part)
    original = getattr(owner, last)

    def changed(*arguments: Any, **options: Any) -> Any:
        action()
        return original(*arguments, **options)

    setattr(owner, last, changed)


def after_check(number: str, action: Callable[[], None]) -> None:
    """Do something when the verdict on a check has been written."""
    Ledger = module("ledger").Ledger
    put = Ledger.put

    def changed(self: Any, record: Any) -> None:
        put(self, record)
        if record.info.number == number:
            action()

    Ledger.put = changed


def once(action: Callable[[], None]) -> Callable[[], None]:
    """The action for the first time that it is called, nothing after."""
    left = [action]
    return lambda: left.pop()() if left else None


def zygote() -> psutil.Process:
    """The zygote, asked for in the trusted process."""
    return psutil.Process().children()[0]


def submission_worker() -> psutil.Process:
    """The worker that runs the submission: as root the one with another user, else the youngest."""
    workers = sorted(zygote().children(), key=lambda process: process.pid)
    foreign = [process for process in workers if process.uids().real != os.getuid()]
    return (foreign or workers)[-1]


def reference_worker() -> psutil.Process:
    """The worker that runs the reference."""
    worker = submission_worker()
    return next(process for process in zygote().children() if process.pid != worker.pid)


def kill(process: psutil.Process | int, number: int = signal.SIGKILL) -> None:
    """Send a signal, and wait until a killed process is dead."""
    pid = process if isinstance(process, int) else process.pid
    os.kill(pid, number)
    until = time.monotonic() + 5
    with contextlib.suppress(psutil.NoSuchProcess):
        while number == signal.SIGKILL and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < until
            time.sleep(0.001)
