"""Student's t distribution, as far as bands need it: tails, quantiles, and where the next value may lie."""

from __future__ import annotations

import math
from collections.abc import Sequence

_TINY = 1e-300
_PRECISION = 1e-15


def tail(t: float, freedom: float) -> float:
    """The probability that Student's t with `freedom` degrees exceeds `t`."""
    if t < 0:
        return 1 - tail(-t, freedom)
    return 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def quantile(probability: float, freedom: float) -> float:
    """The t >= 0 that is exceeded with `probability`, which lies between 0 and 1/2, both excluded."""
    if not 0 < probability < 0.5:
        raise ValueError(f"a tail's probability lies between 0 and 1/2, not at {probability}")
    low, high = 0.0, 1.0
    while tail(high, freedom) > probability:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, freedom) > probability else (low, middle)
    return high


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (with n - 1) of at least two values."""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def standard_error(values: Sequence[float]) -> float:
    """The standard deviation of (next value - mean of these): what a prediction's t is measured in."""
    return spread(values)[1] * math.sqrt(1 + 1 / len(values))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for 0 <= x <= 1."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    # The continued fraction converges fast below the mean; above it, I_x(a, b) = 1 - I_{1-x}(b, a).
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified method of Lentz."""
    value, c, d = 1.0, 1 / _TINY, 1.0
    for step in range(1000):
        m = (step + 1) // 2
        if step % 2:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _not_zero(1 + term * d)
        c = _not_zero(1 + term / c)
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
