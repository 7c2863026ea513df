"""The file with the bands that short trainings are judged by: measuring them, writing and reading it."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from autograder import corpus, paths
from autograder.bands import FALSE_FAILURE, KINDS, QUANTITIES, Bands, Values
from autograder.training_setting import TrainingSetting

ADVICE = "run `python -m autograder calibrate`"
STATED = ("low", "high", "mean", "sd", "n")  # of each band, for readers: they follow from the values
ENOUGH = 100  # runs, from which a band is hardly wider than one of endlessly many would be
DIGITS = 6  # of the values in the file: far below every spread

Measure = Callable[[TrainingSetting, str, int, int], Values]


class CalibrationError(Exception):
    """The calibration is missing, stale or corrupt, or may not be used; the message says what to do."""


class Settings(Protocol):
    """The two settings of `assignment.toml`, by kind of device."""

    @property
    def cpu(self) -> TrainingSetting: ...
    @property
    def gpu(self) -> TrainingSetting: ...


def load(setting: TrainingSetting, path: Path = paths.CALIBRATION) -> Bands:
    """The bands that were measured for `setting`. Raises CalibrationError when there are none to rely on."""
    for name, entry in _read(path).items():
        if entry.get("fingerprint") == fingerprint(setting):
            bands = _bands_in(entry, f"{path.name}: {name}")
            doubts = bands.doubts()
            if doubts:
                raise CalibrationError(f"{path.name}: {name}: {'; '.join(doubts)}")
            return bands
    raise CalibrationError(f"{path.name} was not measured for this training setting and these texts; {ADVICE}")


def calibrate(
    settings: Settings,
    *,
    setting: str = "all",
    device: str = "cpu",
    seeds: int = 100,
    processes: int = 2,
    path: Path = paths.CALIBRATION,
    measure: Measure | None = None,
) -> str:
    """Train the reference over `seeds` seeds for one setting (cpu, gpu) or all, and write what came out.

    In float32 the distribution is the same on every device, so the GPU's setting can be measured on a CPU.
    Returns a summary. Raises CalibrationError, and leaves the file as it is, when the bands do not separate.
    """
    if measure is None:
        from autograder import calibration_runs

        measure = calibration_runs.measure
    names = ("cpu", "gpu") if setting == "all" else (setting,)
    entries = _read(path) if path.exists() else {}
    for name in names:
        sizes: TrainingSetting = getattr(settings, name)
        bands = Bands(_rounded(measure(sizes, device, seeds, processes)))
        doubts = bands.doubts()
        if doubts:
            few = f" ({seeds} runs make bands wide: try --seeds {ENOUGH} first)" if seeds < ENOUGH else ""
            raise CalibrationError(f"{name}: nothing is written, because {'; '.join(doubts)}{few}")
        entries[name] = _entry(sizes, bands, device)
    _write_atomically(path, json.dumps(entries, indent=1) + "\n")
    return "\n".join(_summary(name, entries[name]) for name in names)


def fingerprint(setting: TrainingSetting) -> str:
    """What the measured values depend on: the sizes, the texts, and what is measured."""
    parts = [asdict(setting), corpus.TRAINING.sha256, corpus.HELD_OUT.sha256, KINDS, QUANTITIES]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _entry(setting: TrainingSetting, bands: Bands, device: str) -> dict[str, Any]:
    import torch

    return {
        "fingerprint": fingerprint(setting),
        "setting": asdict(setting),
        "corpus_sha256": corpus.TRAINING.sha256,
        "held_out_sha256": corpus.HELD_OUT.sha256,
        "torch": torch.__version__,
        "device": device,
        "machine": platform.machine(),
        "seeds": len(bands.values["honest"]["held_out"]),
        "false_failure": FALSE_FAILURE,
        "model": "normal runs; two-sided Student-t prediction interval for the next one, n - 1 degrees of freedom",
        "leak_is_missed": bands.leak_is_missed(),
        "leak_end_is_missed": bands.leak_end_is_missed(),
        "bands": _table(bands),
        "values": bands.values,
    }


def _table(bands: Bands) -> dict[str, dict[str, dict[str, float]]]:
    return {
        kind: {
            quantity: {key: round(getattr(bands.band(kind, quantity), key), DIGITS) for key in STATED}
            for quantity in QUANTITIES
        }
        for kind in KINDS
    }


def _bands_in(entry: Mapping[str, Any], where: str) -> Bands:
    """The entry's bands, computed again. Raises CalibrationError when they are not those that it states."""
    try:
        values = {kind: {name: list(entry["values"][kind][name]) for name in QUANTITIES} for kind in KINDS}
        runs = [runs for quantities in values.values() for runs in quantities.values()]
        whole = all(len(run) == entry["seeds"] >= 3 and all(map(math.isfinite, run)) for run in runs)
        bands = Bands(values)
        stated, computed = entry["bands"], _table(bands)
        agree = whole and all(
            math.isclose(stated[kind][quantity][key], value, rel_tol=1e-6, abs_tol=2 * 10**-DIGITS)
            for kind, quantities in computed.items()
            for quantity, band in quantities.items()
            for key, value in band.items()
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise CalibrationError(f"{where} is damaged ({type(error).__name__}: {error}); {ADVICE}") from None
    if not agree:
        raise CalibrationError(f"{where} is damaged: its bands do not follow from its values; {ADVICE}")
    return bands


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CalibrationError(f"{path.name} is missing; {ADVICE}") from None
    except (OSError, ValueError) as error:
        raise CalibrationError(f"{path.name} is damaged ({error}); delete it and {ADVICE}") from None
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise CalibrationError(f"{path.name} is damaged: a table for each setting should stand in it; {ADVICE}")
    return entries


def _rounded(values: Values) -> Values:
    return {
        kind: {quantity: [round(value, DIGITS) for value in runs] for quantity, runs in quantities.items()}
        for kind, quantities in values.items()
    }


def _summary(name: str, entry: Mapping[str, Any]) -> str:
    lines = [f"{name}: {entry['seeds']} seeds, each band's false-failure probability {entry['false_failure']:g}"]
    for kind, quantities in entry["bands"].items():
        for quantity, band in quantities.items():
            figures = f"mean {band['mean']:8.4f}  sd {band['sd']:.4f}  band [{band['low']:8.4f}, {band['high']:8.4f}]"
            lines.append(f"  {kind:7} {quantity:17} {figures}")
    missed = f"by its loss {entry['leak_is_missed']:.1g}, by its last position {entry['leak_end_is_missed']:.1g}"
    return "\n".join([*lines, f"  a right solution's leak is missed with probability: {missed}"])


def _write_atomically(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
