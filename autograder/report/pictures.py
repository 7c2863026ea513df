"""The pictures of a page, as SVG in data URIs. Imported only where a page is written: it takes half a second."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from contextlib import AbstractContextManager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
EMPTY, STRANGE = "#d7d7d7", "#d81b60"  # probability exactly 0; NaN or infinity
RIGHT, MINE = "#0b5fa5", "#c4560a"
BANDS = "#9ecae1", "#fdae6b"
PANEL = 3.4, 3.1  # inches; browsers scale it


def probabilities(values: Matrix, letters: str) -> str:
    """Attention [T, T], from 0 to 1."""
    return _map(values, letters, "viridis", 0.0, 1.0)


def differences(values: Matrix, letters: str) -> str:
    """What one side's attention [T, T] is above the other's, red, or below it, blue."""
    reach = max(float(np.abs(finite(values)).max(initial=0.0)), 0.01)
    return _map(values, letters, "RdBu_r", -reach, reach)


def row_sums(right: Matrix, mine: Matrix, letters: str, names: tuple[str, str]) -> str:
    """The sum of each row of both sides' attention [T, T], as bars."""
    with _style():
        figure = Figure(figsize=PANEL)
        ax = figure.add_axes((0.12, 0.14, 0.83, 0.76))
        places = np.arange(len(letters))
        for values, name, color, shift in ((right, names[0], RIGHT, -0.2), (mine, names[1], MINE, 0.2)):
            sums = values.sum(axis=1)
            ax.barh(places + shift, finite(sums), height=0.4, color=color, label=name)
            strange = places[~np.isfinite(sums)]
            ax.scatter(np.zeros(len(strange)), strange + shift, marker="x", color=STRANGE, s=14, zorder=3)
        ax.axvline(1.0, color="black", linewidth=1, linestyle=":")
        ax.set_ylim(len(letters) - 0.5, -0.5)
        ax.set_yticks(places, _shown(letters))
        ax.set_xlabel("sum of the row; 1 is right")
        figure.legend(loc="upper center", ncols=2, frameon=False)
        return data_uri(figure)


def curves(
    lines: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    bands: Sequence[tuple[str, float, float]],
    highest: float,
) -> str:
    """Losses over steps, `lines` as (name, steps, losses), over `bands` as (name, low, high), up to `highest`.

    A line of one point is drawn as a diamond. What is no number is left out.
    """
    with _style():
        figure = Figure(figsize=(8, 4.6))
        ax = figure.add_axes((0.07, 0.1, 0.91, 0.66))
        for (name, low, high), color in zip(bands, BANDS, strict=False):
            ax.axhspan(low, high, color=color, label=name, linewidth=0)
        drawn = [one for one in lines if len(one[1]) > 1]
        for (name, steps, losses), (color, style) in zip(
            drawn, ((RIGHT, "-"), (RIGHT, "--"), (MINE, "-"), (MINE, "--")), strict=False
        ):
            ax.plot(steps, losses, color=color, linestyle=style, marker="o", markersize=4, label=name)
        for (name, steps, losses), color in zip(
            [one for one in lines if len(one[1]) == 1], (RIGHT, MINE), strict=False
        ):
            ax.plot(steps, losses, color=color, linestyle="", marker="D", markersize=8, label=name, clip_on=False)
        ax.set(xlabel="steps", ylabel="loss, nats a character", ylim=(0, highest))
        ax.grid(alpha=0.3)
        figure.legend(loc="upper left", ncols=2, frameon=False)
        return data_uri(figure)


def data_uri(figure: Figure) -> str:
    """The figure as an SVG that needs no other file. The same figure gives the same text."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()


def finite(values: Matrix) -> Matrix:
    """The same with 0 for NaN and infinity."""
    return np.where(np.isfinite(values), values, 0.0)


def _style() -> AbstractContextManager[None]:
    # Letters stay letters, drawn in the reader's own font: as outlines they would be most of a page.
    return mpl.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "charlm", "font.family": "sans-serif", "font.size": 9}
    )


def _map(values: Matrix, letters: str, colors: str, low: float, high: float) -> str:
    with _style():
        figure = Figure(figsize=PANEL)
        ax = figure.add_axes((0.12, 0.14, 0.66, 0.8))
        shown = np.ma.masked_where((values == 0) | ~np.isfinite(values), values)
        palette = mpl.colormaps[colors].with_extremes(bad=EMPTY)
        drawn = ax.imshow(shown, cmap=palette, vmin=low, vmax=high, interpolation="none", aspect="auto")
        strange = np.ma.masked_where(np.isfinite(values), np.zeros_like(values))
        ax.imshow(strange, cmap=ListedColormap([STRANGE]), interpolation="none", aspect="auto")
        _letter(ax, letters)
        ticks = np.linspace(low, high, 5)
        colors_beside = figure.colorbar(drawn, cax=figure.add_axes((0.81, 0.14, 0.035, 0.8)), ticks=ticks)
        colors_beside.ax.set_yticklabels([f"{tick:.2g}" for tick in ticks])
        return data_uri(figure)


def _letter(ax: Axes, letters: str) -> None:
    """A letter for each row and column, and the staircase above which the future lies."""
    size = len(letters)
    corners = np.repeat(np.arange(size + 1), 2) - 0.5
    ax.plot(corners[1:], corners[:-1], color="black", linewidth=1)
    ax.set(xlabel="key", ylabel="query", xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    ax.set_xticks(range(size), _shown(letters))
    ax.set_yticks(range(size), _shown(letters))


def _shown(letters: str) -> list[str]:
    return [letter.replace(" ", "_").replace("$", r"\$") for letter in letters]
