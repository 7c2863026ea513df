"""The one place that turns what is known into the results file, after each check and at the end."""

from __future__ import annotations

import contextlib
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from autograder import __version__
from autograder.grading.catalogue import Catalogue
from autograder.grading.messages import tell
from autograder.grading.request import GradeRequest
from autograder.intake import Intake
from autograder.results import gradescope, store
from autograder.results import view as views
from autograder.results.facts import RunFacts
from autograder.results.tally import only_together
from autograder.results.terminal import TerminalReport
from autograder.settings import Settings
from support.outcomes import Outcome, Record, broken_parts, settle

REPORTED_PACKAGES = ("torch", "numpy", "safetensors", "pytest")
PAUSES = (0.2, 1.0)  # seconds before results that could not be written are tried again


class Ledger:
    """The records of one run, every check "not reached" at first. `write` after each change keeps what was earned."""

    def __init__(
        self,
        request: GradeRequest,
        settings: Settings,
        catalogue: Catalogue,
        intake: Intake | None = None,
        seed: int | None = None,
    ) -> None:
        self._request, self._catalogue = request, catalogue
        self._unwritten = ""
        self._points = settings.points_by_check(catalogue.checks)
        self._visibility = settings.visibility_by_check(catalogue.checks, catalogue.hidden)
        self._together = catalogue.answers if settings.answers.credit == "all" else frozenset()
        self._records = {info.number: Record(info, Outcome.NOT_REACHED) for info in catalogue.checks}
        notes = () if intake is None else (*intake.notes, *filter(None, [intake.answers_problem]))
        self.facts = replace(
            _facts(request),
            finished=False,
            seed=seed,
            notes=notes,
            staff_notes=tuple(intake.staff_notes) if intake else (),
            fingerprint=intake.fingerprint if intake else "",
        )

    @property
    def failed(self) -> bool:
        """Whether the grader itself failed somewhere, so that the run is "not graded"."""
        return self.facts.grader_error is not None or any(
            record.outcome is Outcome.GRADER_ERROR for record in self._records.values()
        )

    @property
    def not_reached(self) -> list[str]:
        """The numbers of the checks without a record."""
        return [number for number, record in self._records.items() if record.outcome is Outcome.NOT_REACHED]

    @property
    def broken(self) -> frozenset[str]:
        """The parts that are known not to be right so far."""
        return frozenset(broken_parts(self._records.values()))

    def begin(self) -> None:
        """Write that no check was reached yet. Raises StoreError."""
        _patiently(self.write)

    def put(self, *records: Record) -> None:
        """Keep the records of one or more checks and bring the results file up to date, or leave that to the next."""
        self._records |= {record.info.number: record for record in records}
        try:
            self.write()
        except store.StoreError as error:
            # A disk that is full now may have room again at the next check.
            if not self._unwritten:
                tell(f"warning: {error}; trying again after the next check")
            self._unwritten = str(error)

    def measured(self, number: str, memory_mb: float) -> None:
        """Keep what a check's processes took, for the next time that the results are written."""
        self._records[number] = replace(self._records[number], memory_mb=memory_mb)

    def fault(self, check: str, reason: str) -> None:
        """The grader failed beside a verdict that is known: that stays, but the run is not graded."""
        sentences = [self.facts.grader_error, f"{check}: {reason}"]
        self.facts = replace(self.facts, grader_error="\n".join(filter(None, sentences)))

    def write(self, *, lasting: bool = False) -> None:
        """Replace the results file by what is known now. Raises StoreError."""
        self.facts = replace(self.facts, execution_time=time.monotonic() - self._request.started)
        store.write(
            self._request.results_file,
            gradescope.document(
                self._settled(),
                self._points,
                self._visibility,
                self.facts,
                hidden=self._catalogue.hidden,
            ),
            lasting=lasting,
        )

    def _settled(self) -> list[Record]:
        """The records as they are shown and counted."""
        return only_together(settle(self._records.values()), self._together)

    def refuse(self, problems: Sequence[str]) -> None:
        """Write and print that the submission cannot be used."""
        facts = replace(self.facts, finished=True)
        document = gradescope.refusal_document(self._catalogue.checks, problems, self._points, self._visibility, facts)
        _patiently(lambda: store.write(self._request.results_file, document))
        with _printing():
            TerminalReport().refusal(problems, facts)

    def views(self) -> dict[str, Any]:
        """The run for the pages of a report, by who they are for."""
        state = gradescope.state_of(list(self._records.values()), self.facts)
        said = gradescope.reasons(self._records.values(), self.facts)
        return {
            name: views.view(
                self._settled(),
                self._points,
                self._visibility,
                self.facts,
                state,
                hidden=self._catalogue.hidden,
                instructor=name == "instructor",
                reasons=said,
            )
            for name in self._request.pages
        }

    def finish(self) -> None:
        """Write and print the results of a run that came to its end. Raises StoreError when they cannot be written."""
        if self.not_reached and not self.failed:
            note = "The run's time limit was reached; the checks that were not reached earn nothing."
            self.facts = replace(self.facts, notes=(*self.facts.notes, note))
        if self._unwritten:
            note = f"for a while the results could not be written: {self._unwritten}"
            self.facts = replace(self.facts, staff_notes=(*self.facts.staff_notes, note))
        self.facts = replace(self.facts, finished=True)
        if self.failed:
            tell(f"error: not graded. {gradescope.reasons(self._records.values(), self.facts)}")
        try:
            _patiently(lambda: self.write(lasting=True))
        finally:
            with _printing():
                TerminalReport().run(self._settled(), self._points, self.facts, hidden=self._catalogue.hidden)
                print(f"results: {self._request.results_file}")


def write_not_graded(request: GradeRequest, reason: str) -> None:
    """Say in the results that the grader failed, keeping the checks that an earlier file has. Raises StoreError."""
    facts = replace(_facts(request), grader_error=reason, execution_time=time.monotonic() - request.started)
    document = gradescope.not_graded(store.read(request.results_file), facts)
    _patiently(lambda: store.write(request.results_file, document))


@contextlib.contextmanager
def _printing() -> Iterator[None]:
    """What is wrong with standard output (full, closed, no reader, few letters) is no fault of the results."""
    try:
        yield
        sys.stdout.flush()
    except (Exception, SystemExit) as error:  # the latter is what rich makes of a pipe without a reader
        tell(f"warning: the results could not be printed: {error!r}")


def _patiently(write: Callable[[], None]) -> None:
    for pause in PAUSES:
        with contextlib.suppress(store.StoreError):
            return write()
        time.sleep(pause)
    write()


def _facts(request: GradeRequest) -> RunFacts:
    versions = {"autograder": __version__, "python": platform.python_version()}
    for name in REPORTED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return RunFacts(
        submission=request.submission.name,
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions=versions,
        without_training=request.without_training,
    )
