"""Wrong trainings over many seeds: the data, how they are measured, and how sure it is that a band tells them apart."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autograder import paths
from autograder.bands import QUANTITIES, Bands
from autograder.calibration import fingerprint
from autograder.calibration_runs import Run, train_all
from autograder.student_t import spread, standard_error, tail
from autograder.training_setting import TrainingSetting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LISTED = Path(__file__).with_name("wrong_trainings.toml")
MEASURED = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class WrongTraining:
    """`old` in `file` of the reference becomes `new`; then `quantity` lies on that `side` of the band of `kind`."""

    name: str
    why: str
    kind: str
    quantity: str
    side: str
    file: str
    old: str
    new: str

    def write(self, folder: Path) -> Path:
        """The changed package in `folder`. Raises ValueError when the text is not there exactly once."""
        (folder / "charlm").mkdir(parents=True)
        for path in (paths.REFERENCE / "charlm").glob("*.py"):
            text = path.read_text(encoding="utf-8")
            if f"charlm/{path.name}" == self.file:
                if text.count(self.old) != 1:
                    raise ValueError(f"{self.name}: {text.count(self.old)} times, not once, in {self.file}")
                text = text.replace(self.old, self.new)
            (folder / "charlm" / path.name).write_text(text, encoding="utf-8")
        return folder

    def missed(self, bands: Bands, values: Sequence[float]) -> float:
        """The probability that the next such training lies inside of what a right one may show."""
        band = bands.band(self.kind, self.quantity)
        inwards = values_mean(values) - band.high if self.side == "above" else band.low - values_mean(values)
        return tail(inwards / standard_error(values), len(values) - 1)


def values_mean(values: Sequence[float]) -> float:
    return spread(values)[0]


def load_wrong() -> list[WrongTraining]:
    """Those of wrong_trainings.toml, in its order."""
    return [WrongTraining(**entry) for entry in tomllib.loads(LISTED.read_text(encoding="utf-8"))["training"]]


def measure_wrong(setting: TrainingSetting, seeds: int, processes: int, folder: Path) -> dict[str, Any]:
    """Train each over the seeds 0, 1, ...; what is written to measured.json."""
    listed = load_wrong()
    code = {wrong.name: wrong.write(folder / f"{number}") for number, wrong in enumerate(listed)}
    runs = {(wrong.name, seed): Run(wrong.kind, seed, code[wrong.name]) for wrong in listed for seed in range(seeds)}
    found = train_all(list(runs.values()), setting, "cpu", processes)
    return {
        "fingerprint": fingerprint(setting),
        "torch": torch.__version__,
        "device": "cpu",
        "seeds": seeds,
        "values": {
            wrong.name: {
                quantity: [round(found[runs[wrong.name, seed]][quantity], 6) for seed in range(seeds)]
                for quantity in QUANTITIES
            }
            for wrong in listed
        },
    }


def load_measured() -> Mapping[str, Any]:
    """What `python -m tests.thresholds` wrote."""
    measured: Mapping[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return measured
