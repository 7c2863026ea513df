"""A comparison for people, as a table in the terminal, and for machines, as JSON. Student text in it is data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.diff.compare import Difference, Verdict
from autograder.diff.differ import REFERENCE_NAME, Comparison
from autograder.diff.rows import Row, first_divergence, first_red
from autograder.results.text import clean_line

MOST_SAID = 3  # red rows beside the first
CAPTION = (
    "on its own: both sides are fed the same · in the flow: each with what it computed itself\n"
    "follows: different only because an earlier stage is · not seen: one side does not go through this step by itself\n"
    "numbers: on its own, or in the flow where only that differs"
)
STYLES = {
    Verdict.SAME: "green",
    Verdict.DIFFERENT: "bold red",
    Verdict.FOLLOWS: "yellow",
    Verdict.NOT_SEEN: "dim",
    Verdict.NOT_REACHED: "dim",
}


def show(comparison: Comparison, console: Console) -> None:
    """Print the first divergence and what it likely comes from, then a row for each stage."""
    for line in headline(comparison):
        console.print(Text(line), soft_wrap=True)
    cells = [_cells(row) for row in comparison.rows]
    # Line by line takes four times as long, and is only needed where a cell takes more than one.
    whole = _table([[Text("\n").join(column) for column in zip(*cells, strict=True)]])
    console.print(whole if console.measure(whole).maximum <= console.width else _table(cells))


def headline(comparison: Comparison) -> list[str]:
    """What differs first, in the flow and on its own, why, and the modules that cannot be imported, in sentences."""
    found = [clean_line(sentence, 300) for sentence in comparison.unimportable]
    first, parting = first_red(comparison.rows), first_divergence(comparison.rows)
    words = _words(comparison)
    if parting is not None and parting.flow is not None:
        found.append(f"First divergence in the flow: {_sentence(parting, parting.flow, words)}")
    if first is None:
        if parting is None:
            names = f"{comparison.mine.name} does the same as {comparison.right.name}"
            unseen = any(difference.verdict is Verdict.NOT_SEEN for row in comparison.rows for difference in row.both)
            found.append(f"No difference: {names} at every stage{' that both go through' if unseen else ''}.")
        return found
    found.append(f"First difference on its own: {_sentence(first, first.own, words)}")
    found += _likely(comparison)
    others = [row for row in comparison.rows if row.own.verdict is Verdict.DIFFERENT and row is not first]
    found += [f"Also different on its own: {_sentence(row, row.own, words)}" for row in others[:MOST_SAID]]
    if len(others) > MOST_SAID:
        found.append(f"And {len(others) - MOST_SAID} more rows of the table are different on their own.")
    return found


def _likely(comparison: Comparison) -> list[str]:
    if comparison.causes is None:
        return []
    if not comparison.causes:
        return ["Likely cause: none of the common mistakes gives just this."]
    several = ", one of these" if len(comparison.causes) > 1 else ""
    return [f"Likely cause{several}: {'; or '.join(comparison.causes)}."]


def _words(comparison: Comparison) -> tuple[str, str]:
    """What precedes the two sides' values: there is something to expect of the reference alone."""
    if comparison.right.name == REFERENCE_NAME:
        return "expected", "got"
    names = [name.rstrip("/").rpartition("/")[2] for name in (comparison.right.name, comparison.mine.name)]
    if names[0] == names[1]:
        names = [comparison.right.name, comparison.mine.name]
    return f"{names[0]} gives", f"{names[1]} gives"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The same for machines. Numbers are finite or null."""
    red, parting = first_red(comparison.rows), first_divergence(comparison.rows)
    return {
        "against": comparison.right.name,
        "submission": comparison.mine.name,
        "first_different_on_its_own": None if red is None else red.id,
        "first_divergence_in_the_flow": None if parting is None else parting.id,
        "likely_causes": None if comparison.causes is None else list(comparison.causes),
        "unimportable": [clean_line(sentence, 300) for sentence in comparison.unimportable],
        "stages": [
            {
                "id": row.id,
                "problem": row.problem,
                "title": row.title,
                "on_its_own": _facts(row, row.own),
                "in_the_flow": None if row.flow is None else _facts(row, row.flow),
            }
            for row in comparison.rows
        ],
    }


def _facts(row: Row, difference: Difference) -> dict[str, Any]:
    device = difference.device or row.device
    facts = {**dataclasses.asdict(difference), "verdict": difference.verdict.value, "device": device}
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean_line(value, 300)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def _sentence(row: Row, difference: Difference, words: tuple[str, str]) -> str:
    place = f" at {list(difference.index)}" if difference.index else ""
    what = f" ({difference.name}{place})" if difference.name else ""
    both = f": {words[0]} {difference.expected}, {words[1]} {difference.got}"
    values = both if difference.expected or difference.got else ""
    note = f" ({difference.note})" if difference.note else ""
    return clean_line(f"problem {row.problem}, {row.title}{what}{values}{note}", 400)


def _table(lines: Iterable[Iterable[Text]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption=CAPTION)
    for name in ("problem", "stage", "on its own", "in the flow"):
        table.add_column(name, no_wrap=name != "stage")
    for name in ("shape, dtype", "device", "max", "mean", "first at"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*line)
    return table


def _cells(row: Row) -> list[Text]:
    head = [Text(str(row.problem)), Text(row.title), _verdict(row.own), _verdict(row.flow)]
    return [*head, *_numbers(row, shown(row))]


def shown(row: Row) -> Difference:
    """Which of the two a row's numbers are about: on its own, unless only the flow differs."""
    if row.flow is not None and row.own.verdict is not Verdict.DIFFERENT and row.flow.verdict is Verdict.DIFFERENT:
        return row.flow
    return row.own


def _verdict(difference: Difference | None) -> Text:
    if difference is None:
        return Text("")
    return Text(difference.verdict.value, style=STYLES[difference.verdict])


def _numbers(row: Row, difference: Difference) -> list[Text]:
    shape = "" if difference.shape is None else f"{list(difference.shape)} "
    strange = f" + {difference.strange} not finite" if difference.strange else ""
    kind = difference.dtype if difference.dtype or difference.device else difference.got.partition(":")[0]
    return [
        Text(clean_line(f"{shape}{kind}", 30)),
        Text(clean_line(difference.device or row.device)),
        Text(_number(difference.max_abs) + strange),
        Text(_number(difference.mean_abs)),
        Text(str(list(difference.index)) if difference.index else ""),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
