"""A run as plain values for a page: for the student what Gradescope shows at once, for the instructor everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from autograder.results.explain import explanation
from autograder.results.facts import RunFacts
from autograder.results.tally import by_problem, checks_line, decided, passed, points_line
from autograder.results.text import clean, clean_line
from support.outcomes import Outcome, Record

LONGEST, MOST_LINES = 1000, 20  # of what is said about one check, so that a page stays small whatever was said
KINDS = {
    Outcome.PASSED: "good",
    Outcome.BLOCKED: "warn",
    Outcome.NOT_RUN: "soft",
    Outcome.NOT_REACHED: "soft",
}


def view(
    records: Iterable[Record],
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    run: RunFacts,
    state: str,
    *,
    hidden: AbstractSet[str],
    instructor: bool,
    reasons: str = "",
) -> dict[str, Any]:
    """What `grade.html.j2` shows of a run in this `state` (see `gradescope`). JSON can hold it.

    A student's view has only the checks that are visible at once, and of those with `hidden` inputs no values and
    nothing that the submission said. `reasons` say why a run is not graded; they are for the instructor.
    """
    ordered = sorted(records, key=lambda record: record.info.order)
    shown = [record for record in ordered if instructor or visibilities[record.info.number] == "visible"]
    verdicts = decided(shown, state == "graded")
    return {
        "instructor": instructor,
        "complete": len(shown) == len(ordered),
        "state": state,
        "submission": clean_line(run.submission),
        "checks": checks_line(verdicts) if verdicts else "",
        "points": points_line(verdicts, points) if verdicts else "",
        "unseen": len(ordered) - len(shown),
        "without_training": run.without_training,
        "problems": [
            _problem(number, mine, points, visibilities, hidden, state, instructor)
            for number, mine in by_problem(shown).items()
        ],
        "notes": [clean(note, LONGEST, MOST_LINES) for note in run.notes],
        "staff_notes": [clean(note, LONGEST, MOST_LINES) for note in run.staff_notes] if instructor else [],
        "reasons": clean(reasons, 6000, 120) if instructor else "",
        "refused": [],
        "facts": _facts(run, instructor, complete=len(shown) == len(ordered)),
    }


def refusal_view(problems: Sequence[str], run: RunFacts, *, instructor: bool) -> dict[str, Any]:
    """The same for a submission that could not be used, for these reasons."""
    empty = view([], {}, {}, run, "refused", hidden=frozenset(), instructor=instructor)
    said = [clean(problem, LONGEST, MOST_LINES) for problem in problems]
    return {**empty, "refused": said or ["The submission could not be read."]}


def _problem(
    number: int,
    records: Sequence[Record],
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    hidden: AbstractSet[str],
    state: str,
    instructor: bool,
) -> dict[str, Any]:
    verdicts = decided(records, state == "graded")
    checks = [_check(record, points, visibilities, hidden, instructor) for record in records]
    return {
        "number": number,
        "checks_line": checks_line(verdicts) if verdicts else "none decided",
        "points_line": points_line(verdicts, points) if verdicts else "",
        "all_passed": len(passed(records)) == len(records),
        "open": [check for check in checks if check["outcome"] != Outcome.PASSED.value],
        "passed": [check for check in checks if check["outcome"] == Outcome.PASSED.value],
    }


def _check(
    record: Record,
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    hidden: AbstractSet[str],
    instructor: bool,
) -> dict[str, Any]:
    info = record.info
    is_hidden = info.number in hidden
    return {
        "number": info.number,
        "title": info.title,
        "sentence": info.sentence,
        "outcome": record.outcome.value,
        "kind": KINDS.get(record.outcome, "bad"),
        "points": points_line([record], points),
        "said": clean(explanation(record, is_hidden and not instructor), LONGEST, MOST_LINES),
        "hint": info.hint if record.outcome is not Outcome.GRADER_ERROR else "",
        "inputs": "hidden" if is_hidden else "public",
        "visibility": visibilities[info.number].replace("_", " ") if instructor else "",
        "seconds": f"{record.seconds:.2f}",
        "memory": f"{record.memory_mb:.0f}" if record.memory_mb else "",
    }


def _facts(run: RunFacts, instructor: bool, *, complete: bool) -> dict[str, str]:
    loss = "" if run.held_out_loss is None or not complete else f"{run.held_out_loss:.4f} nats a character"
    facts = {
        "Started": run.started,
        "Time": f"{run.execution_time:.1f} s",
        "Device of the short trainings": run.device,
        "Held-out loss": loss,
        "Versions": ", ".join(f"{name} {version}" for name, version in run.versions.items()),
        "Fingerprint of the files": run.fingerprint,
        "Seed": str(run.seed) if instructor and run.seed is not None else "",
    }
    return {name: value for name, value in facts.items() if value}
