"""A run as text for people: a table by problem, then what to fix, causes before what they block."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.results.explain import explanation
from autograder.results.facts import RunFacts
from autograder.results.tally import by_problem, checks_line, decided, points_line
from autograder.results.text import clean, clean_line
from support.outcomes import Outcome, Record

_WIDTH_WITHOUT_TERMINAL = 100
_FAILURES = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY)
_UNDECIDED = (Outcome.GRADER_ERROR, Outcome.NOT_RUN, Outcome.NOT_REACHED)


class TerminalReport:
    """Prints to standard output, or to the console that is given. All text goes out literally, never as markup."""

    def __init__(self, console: Console | None = None) -> None:
        width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
        self._console = console or Console(width=width, highlight=False)

    def run(
        self, records: Iterable[Record], points: Mapping[str, float], run: RunFacts, *, hidden: AbstractSet[str]
    ) -> None:
        """Print a run. `points` is by check number; `hidden` names the checks whose inputs stay unknown."""
        ordered = sorted(records, key=lambda record: record.info.order)
        self._heading(f"Results of {clean_line(run.submission)}")
        failed = run.grader_error is not None or any(record.outcome is Outcome.GRADER_ERROR for record in ordered)
        complete = run.finished and not failed
        self._console.print(self._table(decided(ordered, complete), points))
        self._stubs([record for record in ordered if record.stub], hidden)
        failures = [record for record in ordered if record.outcome in _FAILURES and not record.stub]
        self._section("To fix", failures, points, hidden)
        blocked = [record for record in ordered if record.outcome is Outcome.BLOCKED]
        self._section("Blocked by the above: look at these afterwards", blocked, points, hidden)
        self._undecided([record for record in ordered if record.outcome in _UNDECIDED])
        if failed:
            self._heading("NOT GRADED: the autograder failed")
        self._facts(run)

    def refusal(self, problems: Sequence[str], run: RunFacts) -> None:
        """Print why a submission could not be used."""
        self._heading(f"{clean_line(run.submission)} could not be graded, so every check is at 0")
        for problem in problems:
            self._print(clean(problem), 2)
        self._facts(run)

    def _table(self, records: Sequence[Record], points: Mapping[str, float]) -> Table:
        table = Table("problem", "checks passed", "points", show_footer=True)
        for problem, mine in by_problem(records).items():
            table.add_row(str(problem), checks_line(mine), points_line(mine, points))
        for column, footer in zip(
            table.columns, ("all", checks_line(records), points_line(records, points)), strict=True
        ):
            column.footer = footer
            column.justify = "right"
        return table

    def _stubs(self, records: Sequence[Record], hidden: AbstractSet[str]) -> None:
        """What is not written yet, one line each: an untouched template has little else to say."""
        numbers: dict[str, list[str]] = {}
        for record in records:
            said = clean_line(explanation(record, record.info.number in hidden))
            numbers.setdefault(said, []).append(record.info.number)
        if numbers:
            self._heading("Not implemented yet")
        for said, checks in numbers.items():
            self._print(f"{said} ({'check' if len(checks) == 1 else 'checks'} {', '.join(checks)})", 2)

    def _section(
        self, title: str, records: Sequence[Record], points: Mapping[str, float], hidden: AbstractSet[str]
    ) -> None:
        if records:
            self._heading(title)
        for record in records:
            info = record.info
            earned = points_line([record], points)
            self._print(f"{info.number} {info.title}: {record.outcome.value}, {earned} points", 2, "bold")
            self._print(info.sentence, 6)
            self._print(clean(explanation(record, info.number in hidden)), 6)
            self._print(f"Hint: {record.hint}", 6)

    def _undecided(self, records: Sequence[Record]) -> None:
        for outcome in _UNDECIDED:
            numbers = [record.info.number for record in records if record.outcome is outcome]
            if numbers:
                self._heading(f"{outcome.value.capitalize()}: {len(numbers)}")
                self._print(", ".join(numbers), 2)
        for record in records:
            if record.outcome is Outcome.GRADER_ERROR:
                self._print(f"{record.info.number}: {clean(record.message)}", 2)

    def _facts(self, run: RunFacts) -> None:
        if run.grader_error is not None:
            self._print(clean(run.grader_error, 6000, 120), 2)
        for note in (*run.notes, *run.staff_notes):
            self._print(f"Note: {clean(note)}")
        if run.without_training:
            self._print("The training checks were left out of this run: not run, not zero.")
        facts = {
            "held-out loss": "" if run.held_out_loss is None else f"{run.held_out_loss:.4f}",
            "device": run.device,
            "seed": "" if run.seed is None else str(run.seed),
            "time": f"{run.execution_time:.1f} s",
            "fingerprint": run.fingerprint[:12],
            "versions": ", ".join(f"{name} {version}" for name, version in run.versions.items()),
        }
        self._console.print()
        self._print(" · ".join(f"{name}: {value}" for name, value in facts.items() if value), style="dim")

    def _heading(self, text: str) -> None:
        self._console.print()
        self._print(text, style="bold underline")

    def _print(self, text: str, indent: int = 0, style: str = "") -> None:
        # A platform's log may have a smaller alphabet than the text; a question mark is better than no results.
        encoding = self._console.encoding
        text = text.encode(encoding, "replace").decode(encoding)
        self._console.print(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False))
