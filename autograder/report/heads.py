"""Two sides' attention, head by head, with what a reader who does not see the picture needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.report import pictures


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
        picture = pictures.heat_maps(a, b, letters, names)
        heads.append({"picture": picture, "alternative": alternative(a, b, letters, names)})
    return {"why_not": "", "text": letters, "heads": heads}


def alternative(right: NDArray[np.float64], mine: NDArray[np.float64], letters: str, names: tuple[str, str]) -> str:
    """The picture in sentences: the largest difference and its place, the sums of rows, the weight of the future."""
    strange = int((~np.isfinite(mine)).sum())
    mine_finite, right_finite = (np.where(np.isfinite(side), side, 0.0) for side in (mine, right))
    gap = np.abs(mine_finite - right_finite)
    query, key = np.unravel_index(int(gap.argmax()), gap.shape)
    parts = [
        f"Largest difference {gap.max():.3g}"
        + (
            f", where position {query} ({letters[query]!r}) looks at {key} ({letters[key]!r})."
            if gap.max() > 0
            else "."
        )
    ]
    for name, side in zip(names, (right_finite, mine_finite), strict=True):
        sums = side.sum(axis=1)
        future = float(np.triu(side, 1).sum())
        parts.append(f"{name}: rows sum to between {sums.min():.3g} and {sums.max():.3g}, {future:.3g} on the future.")
    return " ".join(parts + ([f"NaN or infinity in {strange} places."] if strange else []))
