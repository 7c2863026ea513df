"""A comparison for people, as a table in the terminal, and for machines, as JSON. Student text in it is data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.diff.compare import Difference, Verdict
from autograder.diff.differ import Comparison
from autograder.diff.rows import Row, first_divergence, first_red
from autograder.results.text import clean_line

STYLES = {
    Verdict.SAME: "green",
    Verdict.DIFFERENT: "bold red",
    Verdict.FOLLOWS: "yellow",
    Verdict.NOT_SHOWN: "dim",
    Verdict.NOT_REACHED: "dim",
}


def show(comparison: Comparison, console: Console) -> None:
    """Print the first divergence, then a row for each stage."""
    for line in headline(comparison):
        console.print(Text(line), soft_wrap=True)
    console.print(_table(comparison.rows))


def headline(comparison: Comparison) -> list[str]:
    """What differs first, on its own and in the flow, and the modules that cannot be imported, in sentences."""
    found = [clean_line(sentence, 300) for sentence in comparison.unimportable]
    red, parting = first_red(comparison.rows), first_divergence(comparison.rows)
    if red is not None:
        found.append(f"First difference on its own: {_sentence(red, red.own)}")
    if len(comparison.causes) == 1:
        found.append(f"Likely cause: {comparison.causes[0]}.")
    elif comparison.causes:
        found.append("Likely cause, one of these: " + "; or ".join(comparison.causes) + ".")
    if parting is not None and parting.flow is not None:
        found.append(f"First divergence in the flow: {_sentence(parting, parting.flow)}")
    if red is None and parting is None:
        found.append(f"No difference: {comparison.mine.name} does the same as {comparison.right.name} at every stage.")
    return found


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The same for machines. Numbers are finite or null."""
    red, parting = first_red(comparison.rows), first_divergence(comparison.rows)
    return {
        "against": comparison.right.name,
        "submission": comparison.mine.name,
        "first_different_on_its_own": None if red is None else red.id,
        "first_divergence_in_the_flow": None if parting is None else parting.id,
        "likely_causes": list(comparison.causes),
        "unimportable": [clean_line(sentence, 300) for sentence in comparison.unimportable],
        "stages": [
            {
                "id": row.id,
                "problem": row.problem,
                "title": row.title,
                "on_its_own": _facts(row.own),
                "in_the_flow": None if row.flow is None else _facts(row.flow),
            }
            for row in comparison.rows
        ],
    }


def _facts(difference: Difference) -> dict[str, Any]:
    facts = {**dataclasses.asdict(difference), "verdict": difference.verdict.value}
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean_line(value, 300)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value


def _sentence(row: Row, difference: Difference) -> str:
    place = "" if difference.index is None else f" at {list(difference.index)}"
    what = f" ({difference.name}{place})" if difference.name else ""
    values = f": expected {difference.expected}, got {difference.got}" if difference.expected or difference.got else ""
    note = f" ({difference.note})" if difference.note else ""
    return clean_line(f"problem {row.problem}, {row.title}{what}{values}{note}", 400)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption="follows: different only because an earlier stage is")
    for name in ("problem", "stage", "on its own", "in the flow"):
        table.add_column(name, no_wrap=name != "stage")
    for name in ("shape, dtype", "max", "mean", "first at"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(str(row.problem), row.title, _verdict(row.own), _verdict(row.flow), *_numbers(shown(row)))
    return table


def shown(row: Row) -> Difference:
    """Which of the two a row's numbers are about: on its own, unless only the flow differs."""
    if row.flow is not None and row.own.verdict is not Verdict.DIFFERENT and row.flow.verdict is Verdict.DIFFERENT:
        return row.flow
    return row.own


def _verdict(difference: Difference | None) -> Text:
    if difference is None:
        return Text("")
    return Text(difference.verdict.value, style=STYLES[difference.verdict])


def _numbers(difference: Difference) -> list[Text]:
    shape = "" if difference.shape is None else f"{list(difference.shape)} "
    strange = f" + {difference.strange} not finite" if difference.strange else ""
    return [
        Text(clean_line(f"{shape}{difference.dtype}")),
        Text(_number(difference.max_abs) + strange),
        Text(_number(difference.mean_abs)),
        Text("" if difference.index is None else str(list(difference.index))),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
