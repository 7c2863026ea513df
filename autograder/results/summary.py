"""The text at the top of the results: Markdown, for the student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder.results.facts import RunFacts
from autograder.results.tally import by_problem, checks_line, decided, points_line
from autograder.results.text import code_block
from support.outcomes import Outcome, Record

_NOT_GRADED = (
    "**Not graded.** The autograder itself failed. That is not your fault, and it is not your grade: the staff can "
    "see the reason and will grade this submission again. What was checked before is below."
)
_UNFINISHED = (
    "**Grading is not finished.** When this text stays, the run was cut off from outside, and this is not your grade: "
    "ask the staff to grade the submission again."
)
_WITHOUT_TRAINING = "The checks that train a model were left out of this run: they have no score here, not zero."


def output(
    records: Sequence[Record],
    points: Mapping[str, float],
    visibilities: Mapping[str, str],
    run: RunFacts,
    state: str,
) -> str:
    """What a student reads first. Counts only checks that are visible at once, and says that there are others."""
    complete = state == "graded"
    shown = [record for record in records if visibilities[record.info.number] == "visible"]
    verdicts = decided(shown, complete)
    parts = {"not graded": [_NOT_GRADED], "unfinished": [_UNFINISHED]}.get(state, [])
    if verdicts and complete:
        checks, earned = checks_line(verdicts), points_line(verdicts, points)
        parts.append(f"**{checks} checks shown here passed, for {earned} points.**")
    unseen = len(records) - len(shown)
    if unseen:
        parts.append(f"{_count(unseen, 'more check')} will count and {_are(unseen)} not shown here yet.")
    late = [record for record in shown if record.outcome is Outcome.NOT_REACHED]
    if late and complete:
        parts.append(f"{_count(len(late), 'check')} without a result: the time for this run was used up before.")
    if run.without_training:
        parts.append(_WITHOUT_TRAINING)
    if verdicts:
        parts.append(_table(verdicts, points))
    return "\n\n".join([*parts, *_notes(run)])


def refusal(problems: Sequence[str], run: RunFacts) -> str:
    """Why nothing could be checked. The sentences quote names and lines of the submission."""
    sentences = "\n".join(problems) or "The submission could not be read."
    head = "**This submission could not be graded, so every check is at 0.** Correct this and hand in again:"
    return "\n\n".join([head, code_block(sentences), *_notes(run)])


def _notes(run: RunFacts) -> list[str]:
    return ["About your files:", code_block("\n".join(run.notes))] if run.notes else []


def _table(records: Sequence[Record], points: Mapping[str, float]) -> str:
    lines = ["| problem | checks passed | points |", "|---|---|---|"]
    for problem, mine in by_problem(records).items():
        lines.append(f"| {problem} | {checks_line(mine)} | {points_line(mine, points)} |")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
