"""The picture of all measured trainings, with the bands that they are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autograder.bands import Bands
from tests.thresholds.wrong import load_wrong

RIGHT, WRONG, SHADE = "#1b6ca8", "#c1440e", "#1b6ca8"
PANELS = (
    ("honest", "held_out", "Transformer: loss on other plays [nats a character]"),
    ("honest", "end_excess", "Transformer: loss at the last position of a window, less that at all"),
    ("double", "held_out", "Stand-in model: loss on other plays [nats a character]"),
)


def draw(bands: Bands, measured: Mapping[str, Any], path: Path) -> None:
    """Write a PNG: a row for each training, a dot for each seed, the band shaded."""
    rows = [_rows(bands, measured, kind, quantity) for kind, quantity, _ in PANELS]
    figure = Figure(figsize=(9, 1.2 * len(PANELS) + 0.32 * sum(map(len, rows))), layout="constrained")
    axes = figure.subplots(len(PANELS), 1, height_ratios=[len(part) + 1 for part in rows])
    for panel, part, (kind, quantity, title) in zip(axes, rows, PANELS, strict=True):
        _panel(panel, part, bands, kind, quantity, title)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _rows(bands: Bands, measured: Mapping[str, Any], kind: str, quantity: str) -> list[tuple[str, Sequence[float]]]:
    rows = [("right", bands.values[kind][quantity])]
    if kind == "honest":
        rows.append(("right, softmax_dim=1", bands.values["leak"][quantity]))
    return rows + [
        (wrong.name, measured["values"][wrong.name][quantity]) for wrong in load_wrong() if wrong.kind == kind
    ]


def _panel(
    axes: Axes, rows: list[tuple[str, Sequence[float]]], bands: Bands, kind: str, quantity: str, title: str
) -> None:
    band = bands.band(kind, quantity)
    axes.axvspan(band.low, band.high, color=SHADE, alpha=0.15, label="band of a right solution")
    for place, (name, values) in enumerate(rows):
        heights = [place + 0.5 * (index / max(1, len(values) - 1) - 0.5) for index in range(len(values))]
        axes.plot(values, heights, ".", markersize=3, color=RIGHT if name.startswith("right") else WRONG)
    axes.set_yticks(range(len(rows)), [f"{name} ({len(values)})" for name, values in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
