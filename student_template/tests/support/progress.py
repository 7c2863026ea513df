"""What `pytest` prints in the homework's folder: a line for each check, then what to do about it, then how far you are.

A pytest plugin, registered by conftest.py.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from support.checking import describe
from support.info import CheckInfo
from support.outcomes import Outcome, Record, record_of, settle

TO_DO = "to do"  # pytest's own word, "failed", would make it print each of these a second time
BAR = 20  # characters
_NOT_WRONG = {Outcome.PASSED, Outcome.GRADER_ERROR}


class Progress:
    """Collects a record for each check that ran, and prints them in pytest's place."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._names: dict[int, str] = {}
        self._skipped: dict[str, list[CheckInfo]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what a check raised into a record. What is no student's fault stays as pytest reports it."""
        report = yield
        info = describe(item.function)  # type: ignore[attr-defined]
        report.user_properties.append(("check", f"{info.number:>5}  {info.title}"))
        if found := re.fullmatch(r"test_problem_\d+_(\w+)", item.path.stem):
            self._names[info.problem] = found[1].replace("_", " ")
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, pytest.skip.Exception):
            self._skipped.setdefault(str(error), []).append(info)
        elif call.when == "call" or error is not None:
            record = record_of(info, error, call.duration)
            self._records.append(record)
            if error is not None and record.outcome is not Outcome.GRADER_ERROR:
                report.user_properties.append(("mark", "todo" if _is_blank(record) else "FAIL"))
                report.longrepr = _explained(record)  # for editors, which show each check's own report
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """A line for each check: ok, FAIL, todo where nothing is written yet, or skip; its number; what it is about."""
        if report.when != "call" and report.passed:
            return "", "", ""
        properties = dict(report.user_properties)
        mark = properties.get("mark", {"passed": "ok  ", "skipped": "skip"}.get(report.outcome, "FAIL"))
        category = TO_DO if "mark" in properties else report.outcome
        return category, f"{mark} {properties.get('check', report.nodeid)}\n", report.outcome.upper()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What to do, causes before what they block; then the progress over the problems."""
        records = sorted(settle(self._records), key=lambda record: record.info.order)
        wrong = [record for record in records if record.outcome not in _NOT_WRONG and not _is_blank(record)]
        blocked = [record for record in wrong if record.outcome is Outcome.BLOCKED]
        own = [record for record in wrong if record.outcome is not Outcome.BLOCKED]
        _section(terminalreporter, "to repair", [f"{_heading(record)}\n{_explained(record)}\n" for record in own])
        _section(terminalreporter, "afterwards", [_blocked(record) for record in blocked])
        _section(terminalreporter, "not written yet", _blanks(records))
        skipped = [f"{reason}  (for {_numbers(infos)})" for reason, infos in self._skipped.items()]
        _section(terminalreporter, "cannot be checked here", skipped)
        _section(terminalreporter, "progress", [*self._bars(records), *_closing(records)])

    def _bars(self, records: Iterable[Record]) -> list[str]:
        lines = []
        by_problem: dict[int, list[bool]] = {}
        for record in records:
            by_problem.setdefault(record.info.problem, []).append(record.outcome is Outcome.PASSED)
        width = max(map(len, self._names.values()), default=0)
        for problem, passed in by_problem.items():
            done, total = sum(passed), len(passed)
            filled = BAR * done // total
            bar = "#" * filled + "." * (BAR - filled)
            lines.append(f"problem {problem:>2}  {self._names.get(problem, ''):<{width}}  {bar}  {done} of {total}")
        return lines


def _section(reporter: Any, title: str, paragraphs: list[str]) -> None:
    if paragraphs:
        reporter.section(title)
        for paragraph in paragraphs:
            reporter.line(paragraph)


def _heading(record: Record) -> str:
    return f"{record.info.number}  {record.info.sentence}"


def _explained(record: Record) -> str:
    values = f"\nFirst difference: {record.values}" if record.values else ""
    text = f"{record.message}{values}\nHint: {record.hint}"
    return "\n".join(f"    {line}" for line in text.splitlines())


def _blocked(record: Record) -> str:
    """The first line names what to repair first."""
    return f"{_heading(record)}\n    {record.message.splitlines()[0]}"


def _is_blank(record: Record) -> bool:
    """Whether a stub or an unanswered question was met, where there is nothing to explain yet."""
    return record.stub or record.message.endswith("Got: nothing yet.")


def _blanks(records: Iterable[Record]) -> list[str]:
    """One line for each function that is still a stub, with the checks that wait for it; then the answers."""
    waiting: dict[str, list[CheckInfo]] = {}
    for record in filter(_is_blank, records):
        said = record.message.removeprefix("not implemented yet: ") if record.stub else "answers.toml"
        waiting.setdefault(said, []).append(record.info)
    ordered = sorted(waiting, key=lambda said: (said == "answers.toml", min(info.order for info in waiting[said])))
    return [f"{said}  (for {_numbers(waiting[said])})" for said in ordered]


def _numbers(infos: list[CheckInfo]) -> str:
    numbers = [info.number for info in infos]
    shown = ", ".join(numbers[:8]) + (", …" if len(numbers) > 8 else "")
    return f"check {shown}" if len(numbers) == 1 else f"checks {shown}"


def _closing(records: list[Record]) -> list[str]:
    """What the number above does not say."""
    if not records or any(record.outcome is not Outcome.PASSED for record in records):
        return []
    return ["", "All of these pass. The grader has checks on other inputs, too, and trains your model for a while."]
