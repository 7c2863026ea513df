"""The one place that turns what is known into the results file, after each check and at the end."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from importlib import metadata

from autograder.grading.catalogue import Catalogue
from autograder.grading.request import GradeRequest
from autograder.intake import Intake
from autograder.results import gradescope, store
from autograder.results.facts import RunFacts
from autograder.results.terminal import TerminalReport
from autograder.settings import Settings
from support.outcomes import Outcome, Record, settle

REPORTED_PACKAGES = ("torch", "numpy", "safetensors", "pytest")


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
        self._points = settings.points_by_check(catalogue.checks)
        self._visibility = settings.visibility_by_check(catalogue.checks, catalogue.hidden)
        self._records = {info.number: Record(info, Outcome.NOT_REACHED) for info in catalogue.checks}
        notes = () if intake is None else (*intake.notes, *filter(None, [intake.answers_problem]))
        self.facts = replace(
            _facts(request),
            finished=False,
            seed=seed,
            notes=notes,
            fingerprint=intake.fingerprint if intake else "",
        )

    @property
    def failed(self) -> bool:
        """Whether the grader itself failed somewhere, so that the run is "not graded"."""
        return self.facts.grader_error is not None or any(
            record.outcome is Outcome.GRADER_ERROR for record in self._records.values()
        )

    def put(self, record: Record) -> None:
        """Keep one check's record and bring the results file up to date."""
        self._records[record.info.number] = record
        self.write()

    def write(self, *, lasting: bool = False) -> None:
        """Replace the results file by what is known now. Raises StoreError."""
        self.facts = replace(self.facts, execution_time=time.monotonic() - self._request.started)
        store.write(
            self._request.results_file,
            gradescope.document(
                settle(self._records.values()),
                self._points,
                self._visibility,
                self.facts,
                hidden=self._catalogue.hidden,
            ),
            lasting=lasting,
        )

    def refuse(self, problems: Sequence[str]) -> None:
        """Write and print that the submission cannot be used."""
        facts = replace(self.facts, finished=True)
        document = gradescope.refusal_document(self._catalogue.checks, problems, self._points, self._visibility, facts)
        store.write(self._request.results_file, document)
        TerminalReport().refusal(problems, facts)

    def finish(self, grader_error: str | None) -> None:
        """Write and print the results of a run that came to its end."""
        if self._out_of_time():
            note = "The run's time limit was reached; the checks that were not reached earn nothing."
            self.facts = replace(self.facts, notes=(*self.facts.notes, note))
        self.facts = replace(self.facts, finished=True, grader_error=grader_error)
        self.write(lasting=True)
        TerminalReport().run(settle(self._records.values()), self._points, self.facts, hidden=self._catalogue.hidden)
        print(f"results: {self._request.results_file}")

    def _out_of_time(self) -> bool:
        return any(record.outcome is Outcome.NOT_REACHED for record in self._records.values())


def write_not_graded(request: GradeRequest, reason: str) -> int:
    """Say in the results that the grader failed, keeping the checks that an earlier file has. Returns 3."""
    facts = replace(_facts(request), grader_error=reason, execution_time=time.monotonic() - request.started)
    document = gradescope.not_graded(store.read(request.results_file), facts)
    store.write(request.results_file, document)
    return 3


def _facts(request: GradeRequest) -> RunFacts:
    versions = {"python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in REPORTED_PACKAGES}
    return RunFacts(
        submission=request.submission.name,
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions=versions,
        without_training=request.without_training,
    )
