"""Short trainings on the GPU, held against the bands of `[training.gpu]`, which were measured on a CPU."""

from __future__ import annotations

import math
import time

from autograder.bands import KINDS, QUANTITIES, Values
from autograder.calibration import load
from autograder.calibration_runs import measure
from autograder.settings import load_settings
from autograder.student_t import spread
from tests.gpu.part import Part

# Of the difference of two means in units of its standard error: exceeded by one of 18 quantities with probability 1e-3.
LARGEST_DIFFERENCE = 4.2


def compare_trainings(seeds: int, processes: int) -> Part:
    """Train the reference as a submission is trained, over many seeds: the same distributions, all inside the bands."""
    setting = load_settings().training.gpu
    began = time.monotonic()
    bands, found = load(setting), measure(setting, "cuda", seeds, processes)
    part, furthest = Part(), 0.0
    for kind in KINDS:
        for quantity in QUANTITIES:
            band, values = bands.band(kind, quantity), found[kind][quantity]
            outside = [value for value in values if not band.low <= value <= band.high]
            if outside:
                part.wrong.append(f"{kind} {quantity}: {len(outside)} of {seeds} outside the band, as {outside[0]:.4f}")
            mean, sd = spread(values)
            furthest = max(furthest, abs(mean - band.mean) / math.hypot(sd / seeds**0.5, band.sd / band.n**0.5))
    if furthest > LARGEST_DIFFERENCE:
        part.wrong.append(f"a mean lies {furthest:.1f} standard errors from that of the CPU's runs")
    for kind in ("honest", "leak"):
        part.facts[f"held-out loss, {kind}: here, in the recorded runs"] = (
            f"{_loss(found, kind)}, {_loss(bands.values, kind)}"
        )
    part.facts |= {
        "runs outside of a band": str(len(part.wrong)) if part.wrong else f"0 of {len(KINDS) * seeds}, 6 bands each",
        "largest difference of a mean, in standard errors": f"{furthest:.1f}",
        "time": f"{time.monotonic() - began:.0f} s, {processes} runs side by side",
    }
    return part


def _loss(values: Values, kind: str) -> str:
    mean, sd = spread(values[kind]["held_out"])
    return f"{mean:.3f} ± {sd:.3f}"
