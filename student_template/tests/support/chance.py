"""How far a count may lie from its expectation before chance is no longer an explanation.

By Hoeffding's inequality, a count over n independent draws leaves expectation ± d with probability at most
2 exp(-2 d² / n); that bound is exact at any n and holds for whatever order the draws are made in. Where the variance is
known and small, Bernstein's inequality bounds a sum more narrowly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from support.checking import CheckFailure

# The probability that a correct solution fails one statistical check. A grading has about ten of them, and so
# a wrong grade by chance at most once in a hundred million.
FALSE_FAILURE = 1e-9


def margin(draws: int, comparisons: int = 1) -> float:
    """The d for which all of `comparisons` counts over `draws` draws stay within ± d but once in 1e9 gradings."""
    return math.sqrt(draws * math.log(2 * comparisons / FALSE_FAILURE) / 2)


def expect_rate(count: int, draws: int, probability: float, did: str, expected: str) -> None:
    """Raise CheckFailure unless `count` out of `draws` independent draws fits `probability`."""
    if abs(count - draws * probability) > margin(draws):
        raise CheckFailure(did, f"{expected}: about {draws * probability:.0f} of {draws}", f"{count}")


def expect_frequencies(outcomes: Tensor, probabilities: Tensor, did: str, expected: str) -> None:
    """Raise CheckFailure unless these independent draws fit `probabilities` [k].

    outcomes: int64 of any shape; values outside 0 .. k - 1 fail.
    """
    size, draws = len(probabilities), outcomes.numel()
    outside = int(((outcomes < 0) | (outcomes >= size)).sum())
    if outside:
        raise CheckFailure(did, expected, f"{outside} of {draws} that should never occur")
    counts = torch.bincount(outcomes.flatten(), minlength=size).to(torch.float64)
    wanted = draws * probabilities.to(torch.float64)
    worst = int((counts - wanted).abs().argmax())
    if not float((counts - wanted).abs()[worst]) <= margin(draws, size):
        got = f"frequencies that chance does not explain: {draws} draws, one outcome off by a share of "
        got += f"{float((counts - wanted).abs()[worst]) / draws:.2f}"
        raise CheckFailure(did, expected, got, values=f"counts {[int(c) for c in counts]}, about {_rounded(wanted)}")


def mean_off(outcomes: Tensor, values: Tensor, probabilities: Tensor) -> float:
    """How far the mean of `values` [k] over these independent draws is from expectation: 0 where chance explains it.

    outcomes: int64 of any shape, from 0 to k - 1, with `probabilities` [k]. Misses 0 by chance with FALSE_FAILURE.
    """
    values, probabilities = values.to(torch.float64), probabilities.to(torch.float64)
    expected = float(probabilities @ values)
    variance = float(probabilities @ (values - expected) ** 2)
    span, draws = float((values - expected).abs().max()), outcomes.numel()
    # Bernstein: a sum leaves expectation ± t with probability at most 2 exp(-t² / (2 (n variance + span t / 3))).
    exponent = math.log(2 / FALSE_FAILURE)
    linear = span * exponent / 3
    allowed = linear + math.sqrt(linear**2 + 2 * draws * variance * exponent)
    found = float(values[outcomes.flatten()].mean()) - expected
    return 0.0 if abs(found) * draws <= allowed else found


def _rounded(values: Tensor) -> list[int]:
    return [round(float(value)) for value in values]
