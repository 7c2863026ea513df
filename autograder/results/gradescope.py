"""A run as the document that Gradescope reads (results.json).

Four kinds of run, told apart by `extra_data["state"]`:

- *graded*: every check has its score.
- *refused*: the submission could not be used; every check is there with score 0, the reasons stand at the top.
- *unfinished*: written while checks are still to come; seen only when the run was cut off.
- *not graded*: the grader failed somewhere. Scores that are known stay. A check without a verdict has no score at
  all, and one hidden entry carries the reason: Gradescope shows students no total when any entry is hidden, so
  neither this nor an unfinished run can look like a zero that was earned.

Students see the top-level output at once, so it speaks only of checks that are visible at once. What instructors
alone may see stands in hidden entries; `extra_data` has nothing that would harm when it is read.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from autograder.results import summary
from autograder.results.explain import explanation
from autograder.results.facts import RunFacts
from autograder.results.tally import exact
from autograder.results.text import clean, clean_line, code_block, prose
from support.info import CheckInfo
from support.outcomes import Outcome, Record

Document = dict[str, Any]

_STATUS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "failed",
    Outcome.TIMED_OUT: "failed",
    Outcome.OUT_OF_MEMORY: "failed",
    Outcome.BLOCKED: "failed",
}
_REFUSED = "Not checked: the submission could not be used. The reasons are at the top."


def document(
    records: Iterable[Record],
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    run: RunFacts,
    *,
    hidden: AbstractSet[str],
) -> Document:
    """The results of a run, finished or not. `points` and `visibilities` are by check number, and complete.

    `hidden` has the numbers of the checks whose inputs are hidden: their outputs show no values and nothing that
    the student's code said. A grader error in `run` or in any record makes the whole document "not graded".
    """
    ordered = sorted(records, key=lambda record: record.info.order)
    state = state_of(ordered, run)
    tests = []
    for record in ordered:
        number = record.info.number
        tests.append(_test(record, exact(points[number]), visibilities[number], number in hidden, state))
    output = summary.output(ordered, points, visibilities, run, state)
    staff = _staff_entry(ordered, run, state)
    return _whole(tests + staff, output, run, state)


def first_document(
    infos: Iterable[CheckInfo], points: Mapping[str, float], visibilities: Mapping[str, str], run: RunFacts
) -> Document:
    """What stands in results.json before anything has run: every check "not reached", with score 0."""
    records = [Record(info, Outcome.NOT_REACHED) for info in infos]
    return document(records, points, visibilities, _unfinished(run), hidden=frozenset())


def refusal_document(
    infos: Iterable[CheckInfo],
    problems: Sequence[str],
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    run: RunFacts,
) -> Document:
    """The results for a submission that cannot be used: every check at 0, what to do at the top."""
    tests = []
    for info in sorted(infos, key=lambda info: info.order):
        body = f"{prose(info.sentence)}\n\n{_REFUSED}"
        entry = _entry(info, "refused", body, visibilities[info.number], 0.0)
        tests.append(entry | {"score": 0.0, "max_score": exact(points[info.number]), "status": "failed"})
    return _whole(tests, summary.refusal(problems, run), run, "refused")


def not_graded(earlier: Document, run: RunFacts) -> Document:
    """Turn an `earlier` document of the same run into "not graded": verdicts stay, a check without one has no score.

    For when the records are out of reach. An empty document leaves only the reason to say.
    """
    tests = [dict(test) for test in earlier.get("tests", []) if "number" in test]
    for test in tests:
        if "status" not in test:
            test.pop("score", None)
            test.pop("max_score", None)
    output = summary.output([], {}, {}, run, "not graded")
    return _whole(tests + _staff_entry([], run, "not graded"), output, run, "not graded")


def state_of(records: Sequence[Record], run: RunFacts) -> str:
    """Which kind of run it is; "refused" it is not."""
    if run.grader_error is not None or any(record.outcome is Outcome.GRADER_ERROR for record in records):
        return "not graded"
    return "graded" if run.finished else "unfinished"


@functools.lru_cache(maxsize=1024)  # the results are written after each check, and most of what they say stays
def _test(record: Record, most: float, visibility: str, hidden: bool, state: str) -> Document:
    info = record.info
    said = explanation(record, hidden)
    verdict = f"**{record.outcome.value.capitalize()}.**"
    parts = [prose(info.sentence), verdict, code_block(said)]
    status = _STATUS.get(record.outcome)
    if status == "failed":
        parts.append(f"*Hint:* {prose(record.hint)}")
    entry = _entry(info, record.outcome.value, "\n\n".join(filter(None, parts)), visibility, record.seconds)
    if record.memory_mb:
        entry["extra_data"]["memory_mb"] = round(record.memory_mb)
    if status is not None:
        return entry | {"score": most if status == "passed" else 0.0, "max_score": most, "status": status}
    if record.outcome is Outcome.NOT_REACHED and state != "not graded":
        return entry | {"score": 0.0, "max_score": most}
    # No verdict, so no score: a zero here would be one that nobody earned.
    return entry


def _entry(info: CheckInfo, outcome: str, output: str, visibility: str, seconds: float) -> Document:
    return {
        "number": info.number,
        "name": f"{info.number} {info.title}",
        "name_format": "text",
        "output": output,
        "output_format": "md",
        "visibility": visibility,
        "tags": [f"problem {info.problem}", outcome, *sorted(info.covers)],
        "extra_data": {"outcome": outcome, "seconds": _number(seconds)},
    }


def _staff_entry(records: Sequence[Record], run: RunFacts, state: str) -> list[Document]:
    """The hidden entry of a run without a valid total. It also keeps Gradescope from showing students a total."""
    if state == "graded":
        return []
    if state == "unfinished":
        name, reason = (
            "For staff: this run was cut off",
            "The run was ended from outside before it was done. Regrade it.",
        )
    else:
        name = "For staff: this run was not graded"
        why = code_block(reasons(records, run))
        reason = f"The autograder failed. Checks without a verdict have no score.\n\n{why}"
    entry = {"name": name, "name_format": "text", "output": reason, "output_format": "md", "visibility": "hidden"}
    return [entry | {"tags": ["staff"]}]


def reasons(records: Iterable[Record], run: RunFacts) -> str:
    """Why a run is "not graded", for the instructor, a line or more for each fault; empty when there is none."""
    known = [run.grader_error] if run.grader_error is not None else []
    known += [f"{r.info.number}: {r.message}" for r in records if r.outcome is Outcome.GRADER_ERROR]
    return "\n".join(known)


def _whole(tests: list[Document], output: str, run: RunFacts, state: str) -> Document:
    whole: Document = {
        "score": exact(math.fsum(test.get("score", 0.0) for test in tests)),
        "execution_time": _number(run.execution_time),
        "output": output,
        "output_format": "md",
        "test_output_format": "md",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": _facts(run, state),
    }
    loss = run.held_out_loss
    if loss is not None and math.isfinite(loss) and state == "graded":
        whole["leaderboard"] = [{"name": "held-out loss", "value": round(loss, 4), "order": "asc"}]
    return whole


def _facts(run: RunFacts, state: str) -> Document:
    return {
        "state": state,
        "submission": clean_line(run.submission),
        "fingerprint": run.fingerprint,
        "started": run.started,
        # As text: many readers of JSON round whole numbers above 2**53.
        "seed": None if run.seed is None else str(run.seed),
        "device": run.device,
        "versions": dict(run.versions),
        "without_training": run.without_training,
        "notes": [clean(note, 500) for note in run.notes],
        "staff_notes": [clean(note, 500) for note in run.staff_notes],
    }


def _unfinished(run: RunFacts) -> RunFacts:
    return replace(run, finished=False)


def _number(seconds: float) -> float:
    return round(seconds, 3) if math.isfinite(seconds) and seconds >= 0 else 0.0
