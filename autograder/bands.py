"""Where the quantities of a right solution's short training lie, and how sure that is.

The model: a quantity over independent runs is normal with unknown mean and spread, of which the calibration saw
n. Then (next value - mean) / (sd * sqrt(1 + 1/n)) has Student's t distribution with n - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.student_t import quantile, spread, standard_error, tail

KINDS = ("honest", "leak", "double")
"""The trainings of `grading.training`."""
QUANTITIES = ("first_loss", "held_out", "end_excess", "train_record", "test_record", "train_minus_test")
"""What `Evidence.quantities` computes of each."""

FALSE_FAILURE = 1e-7
"""For each band; a check that looks at several stays below 1e-6."""
FALSE_DOUBT = 1e-3
"""The probability that values which follow the model are doubted all the same, over all kinds and quantities."""

Values = Mapping[str, Mapping[str, Sequence[float]]]
"""By kind and quantity: one value for each run."""


@dataclass(frozen=True)
class Band:
    """`low <= next value <= high`, but for the probability `false_failure`, after `n` runs with `mean` and `sd`."""

    low: float
    high: float
    mean: float
    sd: float
    n: int
    false_failure: float


@dataclass(frozen=True)
class Bands:
    """The per-seed values of each kind of training (honest, leak, double) and quantity, and the bands they give."""

    values: Values

    def band(self, kind: str, quantity: str) -> Band:
        """Where a right solution's next value lies."""
        values = self.values[kind][quantity]
        mean, sd = spread(values)
        reach = quantile(FALSE_FAILURE / 2, len(values) - 1) * standard_error(values)
        return Band(mean - reach, mean + reach, mean, sd, len(values), FALSE_FAILURE)

    def leak_is_missed(self) -> float:
        """The probability that a right solution's leak does not fall below what an honest model can reach."""
        return self._beyond("leak", "held_out", self.band("honest", "held_out").low)

    def leak_end_is_missed(self) -> float:
        """The probability that a right solution's leak is not worse at the end of a window than an honest model."""
        return self._beyond("leak", "end_excess", self.band("honest", "end_excess").high)

    def doubts(self) -> list[str]:
        """Why these bands may not be used, in sentences; none when they separate what they have to."""
        found = [
            f"{kind} {quantity}: one of {len(values)} runs lies {_furthest(values):.1f} standard deviations from the "
            f"mean, and not {widest(len(values)):.1f} at most, so the spread is not what the model says"
            for kind, quantities in self.values.items()
            for quantity, values in quantities.items()
            if _furthest(values) > widest(len(values))
        ]
        for probability, what in (
            (self.leak_is_missed(), "the loss of a leaking model does not lie below that of an honest one"),
            (self.leak_end_is_missed(), "a leaking model is not worse at the end of a window than an honest one"),
        ):
            if not probability <= FALSE_FAILURE:
                found.append(f"{what}: a right solution would miss it with probability {probability:.1g}")
        for kind in ("honest", "double"):
            trained, untrained = self.band(kind, "held_out").high, self.band(kind, "first_loss").low
            if not trained < untrained:
                found.append(f"{kind}: a trained model's loss, up to {trained:.3f}, is that of an untrained one")
        return found

    def _beyond(self, kind: str, quantity: str, bound: float) -> float:
        values = self.values[kind][quantity]
        mean, error = spread(values)[0], standard_error(values)
        inwards = bound - mean if quantity == "held_out" else mean - bound
        return tail(inwards / error, len(values) - 1) if error else math.inf


def widest(n: int) -> float:
    """How far from the mean, in standard deviations, the furthest of n >= 3 normal values lies at most.

    The critical value of Grubbs' test for an outlier on either side, at FALSE_DOUBT shared by all kinds and quantities.
    """
    each = FALSE_DOUBT / (2 * n * len(KINDS) * len(QUANTITIES))
    squared = quantile(each, n - 2) ** 2
    return (n - 1) / math.sqrt(n) * math.sqrt(squared / (n - 2 + squared))


def _furthest(values: Sequence[float]) -> float:
    mean, sd = spread(values)
    return max(abs(value - mean) for value in values) / sd if sd else math.inf
