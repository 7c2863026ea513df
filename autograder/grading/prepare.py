"""Before anything is run: the first results file, and the submission taken in as a clean copy."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from autograder import paths
from autograder.grading import report_part
from autograder.grading.admission import Admission, admit
from autograder.grading.catalogue import CatalogueError, load_catalogue
from autograder.grading.launcher import FAULT, READY, REFUSED, USAGE
from autograder.grading.ledger import Ledger, write_not_graded
from autograder.grading.messages import tell
from autograder.grading.request import GradeRequest
from autograder.intake import Intake, IntakeError, IntakeLimits, take_in
from autograder.results import store
from autograder.results.view import refusal_view
from autograder.settings import Limits, SettingsError, load_settings


def prepare(request: GradeRequest, work: Path) -> int:
    """Write "not reached" for every check, then copy the submission into `work`.

    Returns READY; REFUSED when the submission cannot be used, which is then in the results; 2 for a path that is no
    submission and for wrong settings; FAULT for checks that are wrong.
    """
    try:
        settings, catalogue = load_settings(), load_catalogue()
        ledger = Ledger(request, settings, catalogue)
    except (SettingsError, CatalogueError) as error:
        tell(f"error: {error}")
        write_not_graded(request, str(error))
        return USAGE if isinstance(error, SettingsError) else FAULT
    ledger.begin()
    (work / "run_seconds").write_text(str(settings.limits.run_seconds))
    admission = Admission()
    if request.on_platform:
        admission = admit(paths.PLATFORM_METADATA, settings.rate_limit, say_late=settings.deadline.say_late)
        if admission.instead is not None:
            store.write(request.results_file, admission.instead)
            print("Not graded: too many submissions. The last results stand once more.")
            return REFUSED
    try:
        intake = take_in(request.submission, work / "submission", _intake_limits(settings.limits))
    except IntakeError as error:
        tell(f"error: {error}")
        write_not_graded(request, str(error))
        return USAGE
    if intake.problems:
        ledger.refuse(intake.problems)
        if request.reported:
            _hand_over_refusal(request, work, intake.problems, ledger)
        return REFUSED
    notes, staff_notes = [*admission.notes, *intake.notes], [*admission.staff_notes, *intake.staff_notes]
    intake = dataclasses.replace(intake, notes=notes, staff_notes=staff_notes)
    record = work / "intake.json"
    record.touch(mode=0o600)
    record.write_text(json.dumps(dataclasses.asdict(intake)), encoding="utf-8")
    return READY


def _hand_over_refusal(request: GradeRequest, work: Path, problems: list[str], ledger: Ledger) -> None:
    try:
        pages = {name: refusal_view(problems, ledger.facts, instructor=name == "instructor") for name in request.pages}
        report_part.hand_over(work, pages, {})
    except OSError as error:
        tell(f"warning: there is no report: {error}")


def read_intake(work: Path) -> Intake:
    """What `prepare` learned about the submission in `work`."""
    return Intake(**json.loads((work / "intake.json").read_text(encoding="utf-8")))


def _intake_limits(limits: Limits) -> IntakeLimits:
    return IntakeLimits(files=limits.submission_files, total_bytes=int(limits.submission_mb * 2**20))
