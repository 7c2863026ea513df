"""The bands tell a right training from wrong ones, with what was measured over many seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.bands import FALSE_FAILURE
from autograder.calibration import fingerprint, load
from autograder.settings import load_settings
from support import chance
from tests.thresholds.picture import draw
from tests.thresholds.wrong import MEASURED, WrongTraining, load_measured, load_wrong

SETTING = load_settings().training.cpu
WRONG = load_wrong()


def test_a_right_solution_fails_by_chance_less_than_once_in_a_million() -> None:
    """For each statistical check; those of the trainings look at three bands at most."""
    assert 3 * FALSE_FAILURE <= 1e-6
    assert chance.FALSE_FAILURE <= 1e-6


def test_the_bands_are_measured_over_a_hundred_seeds() -> None:
    assert load(SETTING).band("honest", "held_out").n >= 100


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_the_band_tells_it_from_a_right_training(wrong: WrongTraining) -> None:
    bands, values = load(SETTING), load_measured()["values"][wrong.name][wrong.quantity]
    band = bands.band(wrong.kind, wrong.quantity)
    assert min(values) > band.high if wrong.side == "above" else max(values) < band.low
    assert wrong.missed(bands, values) <= 1e-6


def test_the_measurements_belong_to_this_setting() -> None:
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    assert measured["fingerprint"] == fingerprint(SETTING)
    assert set(measured["values"]) == {wrong.name for wrong in WRONG}
    assert all(len(runs) == measured["seeds"] for entry in measured["values"].values() for runs in entry.values())


def test_the_list_fits_the_reference(tmp_path: Path) -> None:
    for number, wrong in enumerate(WRONG):
        assert wrong.why
        wrong.write(tmp_path / str(number))


def test_the_picture_can_be_drawn(tmp_path: Path) -> None:
    draw(load(SETTING), load_measured(), tmp_path / "docs" / "picture.png")
    assert (tmp_path / "docs" / "picture.png").read_bytes().startswith(b"\x89PNG")
