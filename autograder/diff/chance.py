"""How often something is drawn, in words: which numbers are drawn, and in which order, is the student's choice."""

from __future__ import annotations

import torch
from torch import Tensor

from support.chance import mean_off


def how_often(drawn: Tensor, probabilities: Tensor) -> list[str]:
    """For each outcome from 0 to k - 1 whether it comes as often as its one of the `probabilities` [k] says.

    Each is wrong by chance with probability 1e-9, by Bernstein's inequality. drawn: integers of any shape; raises
    IndexError for one that is no outcome.
    """
    kinds = torch.eye(len(probabilities))
    return [_word(drawn, kind, probabilities, bool((drawn == k).any())) for k, kind in enumerate(kinds)]


def on_average(drawn: Tensor, values: Tensor, probabilities: Tensor) -> str:
    """The same of the mean of the `values` [k] of what was drawn, which shows a slight shift of all probabilities."""
    off = mean_off(drawn.long(), values, probabilities)
    return "as it should be" if off == 0 else "too high" if off > 0 else "too low"


def _word(drawn: Tensor, kind: Tensor, probabilities: Tensor, comes: bool) -> str:
    if not comes:
        return "never comes"
    off = mean_off(drawn.long(), kind, probabilities)
    return "comes as often as it should" if off == 0 else "comes too often" if off > 0 else "comes too seldom"
