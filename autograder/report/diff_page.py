"""The page of a comparison."""

from __future__ import annotations

import platform
from typing import Any

import torch

from autograder.diff.compare import Difference, Verdict
from autograder.diff.differ import Comparison
from autograder.diff.exhibits import LETTERS, attention, sample
from autograder.diff.rows import Row
from autograder.diff.tables import headline, shown
from autograder.report.heads import exhibit
from autograder.report.pages import render
from autograder.results.text import clean, clean_line

KINDS = {Verdict.SAME: "same", Verdict.DIFFERENT: "different", Verdict.FOLLOWS: "follows"}


def page(found: Comparison, device: str, seconds: float) -> str:
    """One self-contained HTML document. Raises PageError."""
    names = (_short(found.right.name), _short(found.mine.name))
    sides = [attention(seen.flow) for seen in found.seen]
    rows = [_row(row) for row in found.rows]
    return render(
        "diff.html.j2",
        right=names[0],
        mine=names[1],
        headline=headline(found),
        problems=_problems(found.rows),
        rows=rows,
        red=[row for row in rows if row["own"]["kind"] == "different"],
        exhibit=exhibit(sides[0], sides[1], LETTERS, ("expected", "compared")),
        # Not by name: two versions of one submission have the same.
        samples={
            f"{title}: {name}": clean(sample(seen.flow), 400)
            for title, name, seen in zip(("Expected", "Compared"), names, found.seen, strict=True)
        },
        facts_of_run={
            "Python": platform.python_version(),
            "PyTorch": torch.__version__,
            "Device of the device stages": "simulated" if device == "gpu" else device,
            "Time": f"{seconds:.1f} s",
        },
    )


def _short(name: str) -> str:
    """A path's last part: what precedes it is long, and nobody's business."""
    return clean_line(name.rstrip("/").rpartition("/")[2], 40)


def _problems(rows: list[Row]) -> dict[int, dict[str, int]]:
    numbers = sorted({row.problem for row in rows})
    return {
        number: {
            verdict.value: sum(r.problem == number and r.own.verdict is verdict for r in rows) for verdict in Verdict
        }
        for number in numbers
    }


def _row(row: Row) -> dict[str, Any]:
    flow = None if row.flow is None else _facts(row.flow)
    return {
        "problem": row.problem,
        "title": row.title,
        "own": _facts(row.own),
        "flow": flow,
        "shown": _facts(shown(row)),
        "device": clean_line(shown(row).device or row.device),
    }


def _facts(found: Difference) -> dict[str, str]:
    shape = "" if found.shape is None else f"{list(found.shape)} "
    strange = f" + {found.strange} not finite" if found.strange else ""
    return {
        "verdict": found.verdict.value,
        "kind": KINDS.get(found.verdict, "soft"),
        "name": clean_line(found.name),
        "shape": clean_line(f"{shape}{found.dtype}"),
        "max": ("" if found.max_abs is None else f"{found.max_abs:.2g}") + strange,
        "mean": "" if found.mean_abs is None else f"{found.mean_abs:.2g}",
        "place": "" if found.index is None else str(list(found.index)),
        "expected": clean(found.expected, 600, 10),
        "got": clean(found.got, 600, 10),
        "note": clean(found.note, 600, 10),
    }
