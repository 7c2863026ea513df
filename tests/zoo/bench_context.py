"""One grading in a warm process: what is done as in the grader, but shared between checks, seeds and submissions."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from autograder.grading.catalogue import Catalogue
from autograder.grading.ledger import Ledger
from autograder.grading.run_context import RunContext
from autograder.intake import Intake, parse, take_in
from autograder.intake.parse_child import reports
from autograder.paths import REFERENCE
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.session import CONFIRM_SECONDS
from autograder.sandbox.zygote import Zygote
from autograder.settings import Settings
from support.checking import Submission
from support.outcomes import Outcome, Record, settle
from tests.patches import Change, write_patched
from tests.zoo.recall import RecallingReference, RecallingSession


class Sheet(Ledger):
    """The records of one grading, of which nothing is written."""

    def write(self, *, lasting: bool = False) -> None:
        pass

    def fault(self, check: str, reason: str) -> None:
        raise RuntimeError(f"{check}: {reason}")

    def clear(self) -> None:
        """Begin the records of another grading."""
        self._records = {number: Record(record.info, Outcome.NOT_REACHED) for number, record in self._records.items()}

    def passed(self, number: str) -> bool:
        return self._records[number].outcome is Outcome.PASSED

    def settled(self) -> list[Record]:
        """The records of the checks that were run."""
        return [record for record in settle(self._records.values()) if record.outcome is not Outcome.NOT_REACHED]


class ZooContext(RunContext):
    """A run with two workers, one with the accelerator and one without, which serve all checks of a submission at all
    seeds: a fork for each check costs more than what it computes.

    With a `home` it has the reference of that context, whose process serves submission after submission. `following`:
    the check that comes next, and whether it is on the device.
    """

    references = RecallingReference
    ledger: Sheet
    home: ZooContext | None = None
    following: tuple[str, bool] | None = None
    _on_device = _apart = False
    _seeded: tuple[RemoteSubmission, int, int] | None = None

    @cached_property
    def reference(self) -> Submission:
        return super().reference if self.home is None else self.home.reference

    @property
    def recalling(self) -> RecallingSession:
        """The reference's session."""
        return self.reference.session  # type: ignore[attr-defined]

    def turn_to(self, seed: int) -> None:
        """Begin anew with this seed, and with the workers that there are."""
        self.seed, self.request.started = seed, time.monotonic()
        self.ledger.clear()
        vars(self).pop("trainings", None)

    @property
    def _submission(self) -> RemoteSubmission:  # type: ignore[override]
        return self._with_accelerator if self._on_device else self._without

    @cached_property
    def _without(self) -> RemoteSubmission:
        return self._worker_for("checks", on_device=False)

    @cached_property
    def _with_accelerator(self) -> RemoteSubmission:
        return self._worker_for("checks on the device", on_device=True)

    def _worker_for(self, purpose: str, *, on_device: bool) -> RemoteSubmission:
        seconds = self.settings.limits.check_seconds
        handle = self._open(self._code, seconds=seconds, trusted=False, purpose=purpose)
        preparation = [*self._preparation, self._accelerator] if on_device else self._preparation
        handle.session.fresh(preparation=preparation)
        return handle

    @contextmanager
    def fresh_submission(self, number: str, *, on_device: bool = False) -> Iterator[Submission]:
        self._on_device = on_device
        if self._apart:
            self._begin_worker(number, on_device=on_device)
        with self.time_for(number):
            if self._seeded != self._seed_of(number):
                self._submission.probes.seed_torch(self.seed_for("worker", number))
            yield self._submission

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Meanwhile each check has a worker that no other one has used, as in the grader."""
        self._apart = True
        try:
            yield
        finally:
            self._apart = False

    def confirm(self) -> None:
        """As in the grader, by what the next check begins with, where that has the same worker: one request for two."""
        session = self._submission.session
        number, on_device = self.following or ("", not self._on_device)
        if on_device != self._on_device or session._worker is None:
            super().confirm()
            return
        self._seeded = None
        with session.within(max(session._left, CONFIRM_SECONDS)):
            self._submission.probes.seed_torch(self.seed_for("worker", number))
        self._seeded = self._seed_of(number)

    def _seed_of(self, number: str) -> tuple[RemoteSubmission, int, int]:
        """What is seeded for a check: which worker, and how."""
        return self._submission, self._submission.session.generation, self.seed_for("worker", number)


@functools.cache
def _reports_on(name: str, source: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # under pytest one of Python's about a submission's text would be an error
        return list(reports({"notebooks": [], "sources": {name: source}, "answers": None}))


def _read_here(job: dict[str, Any], _: int) -> list[dict[str, Any]]:
    """What the intake's own process would report: most modules are the reference's, and none is out to do harm."""
    modules = [_reports_on(name, source) for name, source in job["sources"].items()]
    answers = reports({"notebooks": [], "sources": {}, "answers": job["answers"]})
    return [*(first for first, _ in modules), *answers, *(second for _, second in modules)]


class Stall:
    """Where submissions are graded one after the other. What was taken in stays until another one comes."""

    def __init__(self, zygote: Zygote, device: str, settings: Settings, catalogue: Catalogue) -> None:
        self._zygote, self._settings, self._catalogue = zygote, settings, catalogue
        vars(parse)["_reports"] = _read_here  # a new process for each takes longer than a check
        self._request: Any = SimpleNamespace(
            submission=REFERENCE, device=device, without_training=False, on_platform=False, started=time.monotonic()
        )
        self._sheet = Sheet(self._request, settings, catalogue)
        self._holds: object = None
        self._there = contextlib.ExitStack()
        self.home = self.context = self._context(REFERENCE, Intake())

    def enter(self, order: dict[str, Any]) -> ZooContext:
        """A context for this order."""
        about = order["changes"], order["whole"]
        if self._holds != about:
            self._there.close()
            self._holds = None
            folder = Path(self._there.enter_context(tempfile.TemporaryDirectory(prefix="zoo-")))
            self.context = self._there.enter_context(contextlib.closing(self._take_in(order, folder)))
            self._holds = about
        self.context.turn_to(order["seed"])
        return self.context

    def close(self) -> None:
        """End every worker."""
        self._there.close()
        self.home.close()

    def _take_in(self, order: dict[str, Any], folder: Path) -> ZooContext:
        changes = [Change(*change) for change in order["changes"]]
        submission = Path(order["whole"]) if order["whole"] else write_patched(changes, folder / "submission")
        folder.chmod(0o711)
        intake = take_in(submission, folder / "copy")
        if intake.problems:
            raise RuntimeError(f"{order['name']}: {intake.problems}")
        context = self._context(folder / "copy", intake)
        context.home = self.home
        return context

    def _context(self, code: Path, intake: Intake) -> ZooContext:
        given = intake.answers, 0, intake.answers_problem
        return ZooContext(self._request, self._settings, self._catalogue, self._sheet, self._zygote, code, *given)
