"""Two sides' attention, head by head, with what a reader who does not see the pictures needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.report import pictures
from autograder.report.pictures import Matrix, finite


def exhibit(
    right: Sequence[Any] | None, mine: Sequence[Any] | None, letters: str, names: tuple[str, str]
) -> dict[str, Any]:
    """What `attention.html.j2` shows. `right` and `mine` hold a matrix [T, T] for each head, or are None."""
    if right is None or mine is None:
        without = " and ".join(name for name, side in zip(names, (right, mine), strict=True) if side is None)
        why = f"There is no picture: {without} computes no probabilities head by head that could be looked at."
        return {"why_not": why, "text": letters, "heads": []}
    heads = []
    for one, other in zip(right, mine, strict=True):
        a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
        with np.errstate(all="ignore"):  # a submission's numbers may be any
            heads.append(_panels(a, b, letters, names))
    return {"why_not": "", "text": letters, "heads": heads}


def _panels(right: Matrix, mine: Matrix, letters: str, names: tuple[str, str]) -> list[dict[str, str]]:
    """Four pictures of one head, each with its title and its content in a sentence."""
    maps = [
        {"title": name, "picture": pictures.probabilities(side, letters), "says": says(side)}
        for name, side in zip(names, (right, mine), strict=True)
    ]
    gap = mine - right
    sums = " ".join(f"{name}: {_sums(side)}." for name, side in zip(names, (right, mine), strict=True))
    return [
        *maps,
        {"title": "difference", "picture": pictures.differences(gap, letters), "says": _furthest(gap, letters)},
        {"title": "row sums", "picture": pictures.row_sums(right, mine, letters, names), "says": sums},
    ]


def says(side: Matrix) -> str:
    """One side's attention [T, T] in a sentence: the sums of rows, the weight of the future, what is no number."""
    future = float(np.triu(finite(side), 1).sum())
    strange = int((~np.isfinite(side)).sum())
    sentence = f"{_sums(side)}, {future:.3g} on the future.".capitalize()
    return sentence + (f" NaN or infinity in {strange} places." if strange else "")


def _sums(side: Matrix) -> str:
    sums = side.sum(axis=1)
    known = sums[np.isfinite(sums)]
    if not len(known):
        return "no row sums to a number"
    low, high = f"{known.min():.3g}", f"{known.max():.3g}"
    return f"rows sum to {low}" if low == high else f"rows sum to between {low} and {high}"


def _furthest(gap: Matrix, letters: str) -> str:
    size = np.abs(finite(gap))
    if not size.max() > 0:
        return "No number differs." if np.isfinite(gap).all() else "Nothing differs by a number."
    query, key = np.unravel_index(int(size.argmax()), size.shape)
    return (
        f"Largest difference {size.max():.3g}, where position {query} ({letters[query]!r}) looks at {key} "
        f"({letters[key]!r})."
    )
