"""Counting checks and points, in hundredths so that sums are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from support.outcomes import Outcome, Record

_WITHOUT_VERDICT = {Outcome.NOT_RUN, Outcome.GRADER_ERROR}
_NOT_ALONE = "Right, but the answers of this problem count only together, and another one is not right yet."


def decided(records: Iterable[Record], complete: bool) -> list[Record]:
    """The records with a verdict. A check that was not reached has one (0) only in a `complete` run."""
    without = _WITHOUT_VERDICT if complete else _WITHOUT_VERDICT | {Outcome.NOT_REACHED}
    return [record for record in records if record.outcome not in without]


def only_together(records: Iterable[Record], numbers: Set[str]) -> list[Record]:
    """The same records, where those with these check numbers pass only if none of their problem's has failed."""
    done = list(records)
    spoiled = {r.info.problem for r in done if r.info.number in numbers and r.outcome is Outcome.FAILED}
    return [
        replace(record, outcome=Outcome.FAILED, message=_NOT_ALONE)
        if record.info.number in numbers and record.info.problem in spoiled and record.outcome is Outcome.PASSED
        else record
        for record in done
    ]


def passed(records: Iterable[Record]) -> list[Record]:
    """The records that earn their points."""
    return [record for record in records if record.outcome is Outcome.PASSED]


def checks_line(records: Sequence[Record]) -> str:
    """`31 of 35`: passed, of these."""
    return f"{len(passed(records))} of {len(records)}"


def points_line(records: Sequence[Record], points: Mapping[str, float]) -> str:
    """`52.25 of 60`: points earned, of what these are worth."""
    return f"{_sum(passed(records), points)} of {_sum(records, points)}"


def by_problem(records: Iterable[Record]) -> dict[int, list[Record]]:
    """The records of each problem, problems in order."""
    grouped: dict[int, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.info.order):
        grouped.setdefault(record.info.problem, []).append(record)
    return grouped


def exact(points: float) -> float:
    """Points to the hundredth: the nearest double, which prints as it was meant."""
    return round(points * 100) / 100


def _sum(records: Iterable[Record], points: Mapping[str, float]) -> str:
    return f"{sum(round(points[record.info.number] * 100) for record in records) / 100:.2f}".rstrip("0").rstrip(".")
