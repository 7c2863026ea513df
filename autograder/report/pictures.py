"""The pictures of a page, as SVG in data URIs. Imported only where a page is written: matplotlib takes a second."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
EMPTY, STRANGE = "#d7d7d7", "#d81b60"  # probability exactly 0; NaN or infinity
RIGHT, MINE = "#0b5fa5", "#c4560a"


def heat_maps(right: Matrix, mine: Matrix, letters: str, names: tuple[str, str]) -> str:
    """Attention [T, T] of both sides, their difference, and the sums of their rows as bars."""
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.9))
    for ax, values, title in ((axes[0], right, names[0]), (axes[1], mine, names[1])):
        _map(figure, ax, values, letters, title, "viridis", 0.0, 1.0)
    reach = max(float(np.nanmax(np.abs(_finite(mine - right)), initial=0.0)), 1e-6)
    _map(figure, axes[2], mine - right, letters, "difference", "RdBu_r", -reach, reach)
    _row_sums(axes[3], right, mine, letters, names)
    return data_uri(figure)


def curves(
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    bands: Sequence[tuple[str, float, float]],
) -> str:
    """Losses over steps, `lines` as (name, steps, losses), over `bands` as (name, low, high)."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    ax = figure.subplots()
    for (name, low, high), color in zip(bands, ("#9ecae1", "#fdae6b"), strict=False):
        ax.axhspan(low, high, color=color, alpha=0.6, label=name, linewidth=0)
    styles = [(RIGHT, "-"), (RIGHT, "--"), (MINE, "-"), (MINE, "--")]
    for (name, steps, losses), (color, style) in zip(lines, styles, strict=False):
        ax.plot(steps, losses, color=color, linestyle=style, marker="o", markersize=4, label=name)
    ax.set(xlabel="steps", ylabel="loss, nats a character")
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return data_uri(figure)


def data_uri(figure: Figure) -> str:
    """The figure as an SVG that needs no font and no other file. The same figure gives the same text."""
    file = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "charlm"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()


def _map(
    figure: Figure, ax: Axes, values: Matrix, letters: str, title: str, colors: str, low: float, high: float
) -> None:
    size = len(letters)
    shown = np.ma.masked_where((values == 0) | ~np.isfinite(values), values)
    palette = mpl.colormaps[colors].with_extremes(bad=EMPTY)
    drawn = ax.imshow(shown, cmap=palette, vmin=low, vmax=high, interpolation="nearest")
    for row, column in np.argwhere(~np.isfinite(values)):
        ax.text(column, row, "x", color=STRANGE, ha="center", va="center", fontsize=8, fontweight="bold")
    corners = np.repeat(np.arange(size + 1), 2) - 0.5
    ax.plot(corners[1:], corners[:-1], color="black", linewidth=1)  # above this staircase lies the future
    ax.set(title=title, xlabel="key", ylabel="query")
    for ticks, labels in ((ax.set_xticks, ax.set_xticklabels), (ax.set_yticks, ax.set_yticklabels)):
        ticks(range(size))
        labels([letter.replace(" ", "\N{OPEN BOX}") for letter in letters], fontsize=7)
    figure.colorbar(drawn, ax=ax, shrink=0.8)


def _row_sums(ax: Axes, right: Matrix, mine: Matrix, letters: str, names: tuple[str, str]) -> None:
    places = np.arange(len(letters))
    for values, name, color, shift in ((right, names[0], RIGHT, -0.2), (mine, names[1], MINE, 0.2)):
        ax.barh(places + shift, _finite(values).sum(axis=1), height=0.4, color=color, label=name)
    ax.axvline(1.0, color="black", linewidth=1, linestyle=":")
    ax.invert_yaxis()
    ax.set_yticks(places)
    ax.set_yticklabels([letter.replace(" ", "\N{OPEN BOX}") for letter in letters], fontsize=7)
    ax.set(title="sum of each row", xlabel="1 is right")
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)


def _finite(values: Matrix) -> Matrix:
    return np.where(np.isfinite(values), values, 0.0)
