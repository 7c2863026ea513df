"""The arithmetic of the bands, what may not become one, and the bands that are committed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder import bands, corpus
from autograder.bands import FALSE_FAILURE, KINDS, QUANTITIES, Bands
from autograder.calibration import CalibrationError, calibrate, fingerprint, load
from autograder.calibration_runs import measure
from autograder.settings import load_settings
from autograder.student_t import incomplete_beta, quantile, spread, tail
from autograder.training_setting import TrainingSetting

SETTING = TrainingSetting(8, 2, 1, 4, 2, 5, 0.01, 2, 1, 8)
LONGER = dataclasses.replace(SETTING, num_steps=6)


@dataclasses.dataclass
class Pair:
    """Stands in for the settings that `calibrate` is given."""

    cpu: TrainingSetting = SETTING
    gpu: TrainingSetting = LONGER


def runs(mean: float, sd: float, n: int = 40) -> list[float]:
    """n values with about this mean and spread: the middles of n equal shares of a normal distribution."""
    places = [math.sqrt(2) * float(torch.erfinv(torch.tensor((2 * i + 1) / n - 1))) for i in range(n)]
    return [mean + sd * place for place in places]


def measured(**changes: tuple[float, float]) -> dict[str, dict[str, Sequence[float]]]:
    """Values that separate well, except where `changes` (kind_quantity=(mean, sd)) says otherwise."""
    plain = {
        "honest": {"first_loss": (4.3, 0.05), "held_out": (2.3, 0.01), "end_excess": (0.0, 0.03)},
        "leak": {"first_loss": (4.3, 0.05), "held_out": (0.8, 0.05), "end_excess": (1.9, 0.1)},
        "double": {"first_loss": (4.3, 0.01), "held_out": (3.0, 0.01), "end_excess": (0.0, 0.03)},
    }
    return {
        kind: {
            quantity: runs(*changes.get(f"{kind}_{quantity}", plain[kind].get(quantity, (0.0, 0.02))))
            for quantity in QUANTITIES
        }
        for kind in KINDS
    }


def write(path: Path, values: Any, **options: Any) -> str:
    return calibrate(Pair(), path=path, measure=lambda *_: values, **options)


@pytest.mark.parametrize(
    ("probability", "freedom", "t"),
    [
        (0.025, 1, 12.7062),
        (0.05, 2, 2.91999),
        (0.0005, 5, 6.86883),
        (0.025, 10, 2.22814),
        (0.005, 30, 2.74999),
        (0.0005, 40, 3.55097),
        (0.025, 120, 1.97993),
    ],
)
def test_quantiles_are_those_of_the_printed_tables(probability: float, freedom: int, t: float) -> None:
    assert quantile(probability, freedom) == pytest.approx(t, abs=6e-6 * t)
    assert tail(t, freedom) == pytest.approx(probability, rel=1e-4)


def test_tails_with_a_closed_form() -> None:
    for t in (-3.0, 0.0, 0.4, 7.0, 1e4):
        assert tail(t, 1) == pytest.approx(0.5 - math.atan(t) / math.pi, rel=1e-9)
        assert tail(t, 2) == pytest.approx((1 - t / math.sqrt(2 + t * t)) / 2, rel=1e-6, abs=1e-12)
    # Far out and with many degrees of freedom it is the normal distribution's tail.
    assert tail(6.0, 1e8) == pytest.approx(math.erfc(6 / math.sqrt(2)) / 2, rel=1e-4)
    assert incomplete_beta(2, 3, 0.4) == pytest.approx(0.5248, abs=1e-12)
    for probability in (0.0, 0.5, 1.0):
        with pytest.raises(ValueError, match="tail"):
            quantile(probability, 5)


def test_a_band_holds_the_next_value_as_often_as_it_says() -> None:
    """Against simulation, at a probability that can be simulated: few runs make a band wider, and rightly so."""
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(40_000, 6, generator=generator, dtype=torch.float64)
    seen, after = draws[:, :5], draws[:, 5]
    reach = quantile(0.05, 4) * math.sqrt(1 + 1 / 5) * seen.std(1)
    missed = float(((after - seen.mean(1)).abs() > reach).double().mean())
    assert missed == pytest.approx(0.1, abs=0.006)


def test_a_band_reaches_as_far_as_its_probability_asks() -> None:
    values = measured()["honest"]["held_out"]
    band = Bands(measured()).band("honest", "held_out")
    mean, sd = spread(values)
    t = (band.high - mean) / (sd * math.sqrt(1 + 1 / 40))
    assert 2 * tail(t, 39) == pytest.approx(FALSE_FAILURE, rel=1e-6)
    assert mean - band.low == pytest.approx(band.high - mean)
    assert FALSE_FAILURE <= 1e-6


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    assert "leak" in write(path, measured())
    for setting in (SETTING, LONGER):
        found = load(setting, path).band("honest", "held_out")
        wanted = Bands(measured()).band("honest", "held_out")
        assert [found.low, found.high, found.n] == pytest.approx([wanted.low, wanted.high, 40])


def test_one_setting_can_be_measured_alone(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    write(path, measured(), setting="cpu")
    with pytest.raises(CalibrationError, match="calibrate"):
        load(LONGER, path)
    write(path, measured(honest_held_out=(2.2, 0.01)), setting="gpu")
    assert load(SETTING, path).band("honest", "held_out").mean == pytest.approx(2.3)
    assert load(LONGER, path).band("honest", "held_out").mean == pytest.approx(2.2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"leak_held_out": (2.2, 0.05)}, "does not lie below"),
        ({"leak_held_out": (1.9, 0.2)}, "does not lie below"),
        ({"honest_held_out": (2.3, 0.3)}, "does not lie below"),
        ({"leak_end_excess": (0.2, 0.1)}, "not worse at the end"),
        ({"honest_held_out": (4.2, 0.02)}, "untrained"),
        ({"double_held_out": (4.3, 0.02)}, "untrained"),
        ({"honest_first_loss": (4.3, 0.0)}, "spread"),
        ({"leak_held_out": (math.nan, 0.05)}, "does not lie below"),
    ],
)
def test_bands_that_do_not_separate_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = tmp_path / "calibration.json"
    write(path, measured())
    before = path.read_bytes()
    with pytest.raises(CalibrationError, match=reason):
        write(path, measured(**changes))
    assert path.read_bytes() == before


def test_too_few_runs_are_named_as_a_possible_reason(tmp_path: Path) -> None:
    apart = measured(leak_held_out=(2.2, 0.05))
    for seeds, said in {5: " (5 runs make bands wide: try --seeds 100 first)", 100: ""}.items():
        with pytest.raises(CalibrationError, match="does not lie below") as caught:
            write(tmp_path / "calibration.json", apart, seeds=seeds)
        assert str(caught.value).partition(" (")[2] == said.removeprefix(" (")


def test_a_tail_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    values = measured()
    values["honest"]["held_out"] = [2.3 + 0.001 * (i % 5) for i in range(39)] + [2.35]
    with pytest.raises(CalibrationError, match="standard deviations"):
        write(tmp_path / "calibration.json", values)


@pytest.mark.parametrize("n", [3, 10, 100])
def test_values_that_follow_the_model_are_doubted_as_rarely_as_stated(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "FALSE_DOUBT", 0.2)
    drawn = torch.randn(2000, len(bands.KINDS) * len(bands.QUANTITIES), n, generator=torch.Generator().manual_seed(1))
    furthest = ((drawn - drawn.mean(-1, keepdim=True)).abs() / drawn.std(-1, keepdim=True)).amax((1, 2))
    # Shares of the quantities add up to at most 0.2, and to little less; 0.03 is over three standard errors.
    assert 0.15 < float((furthest > bands.widest(n)).double().mean()) < 0.23


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrainingSetting)])
def test_any_other_setting_makes_the_file_stale(tmp_path: Path, field: str) -> None:
    path = tmp_path / "calibration.json"
    write(path, measured(), setting="cpu")
    changed = dataclasses.replace(SETTING, **{field: getattr(SETTING, field) * 2})
    assert fingerprint(changed) != fingerprint(SETTING)
    with pytest.raises(CalibrationError, match="not measured for this training setting"):
        load(changed, path)


def test_other_texts_make_the_file_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "calibration.json"
    write(path, measured())
    other = dataclasses.replace(corpus.HELD_OUT, sha256="0" * 64)
    monkeypatch.setattr("autograder.corpus.HELD_OUT", other)
    with pytest.raises(CalibrationError, match="these texts"):
        load(SETTING, path)


def _spoil(entry: dict[str, Any], how: str) -> None:
    if how == "value":
        entry["values"]["honest"]["held_out"][3] += 0.1
    elif how == "band":
        entry["bands"]["honest"]["held_out"]["high"] = 99.0
    elif how == "missing":
        del entry["values"]["leak"]
    elif how == "shorter":
        entry["values"]["double"]["held_out"].pop()
    elif how == "nan":
        entry["values"]["leak"]["held_out"][0] = math.nan
    else:
        entry["values"]["leak"]["held_out"][0] = "0.8"


@pytest.mark.parametrize("how", ["value", "band", "missing", "shorter", "nan", "text"])
def test_a_damaged_file_is_no_calibration(tmp_path: Path, how: str) -> None:
    path = tmp_path / "calibration.json"
    write(path, measured(), setting="cpu")
    entries = json.loads(path.read_text(encoding="utf-8"))
    _spoil(entries["cpu"], how)
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(CalibrationError, match="damaged"):
        load(SETTING, path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cpu": 3}', "\x00"])
def test_a_file_that_is_none_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError, match="calibrate"):
        load(SETTING, path)
    path.unlink()
    with pytest.raises(CalibrationError, match="missing"):
        load(SETTING, path)


def test_real_runs_are_measured() -> None:
    """Two tiny trainings of each kind, in a process of their own."""
    found = measure(SETTING, "cpu", 2, 1)
    assert {kind: set(quantities) for kind, quantities in found.items()} == {kind: set(QUANTITIES) for kind in KINDS}
    for quantities in found.values():
        for values in quantities.values():
            assert len(set(values)) == 2
            assert all(map(math.isfinite, values))
    assert found["honest"]["first_loss"][0] == pytest.approx(math.log(66), abs=0.6)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_the_committed_bands_separate(device: str) -> None:
    bands = load(getattr(load_settings().training, device))
    assert bands.band("honest", "held_out").n >= 40
    assert max(bands.leak_is_missed(), bands.leak_end_is_missed(), FALSE_FAILURE) <= 1e-6
    # Each training that was measured stands on its own side, and the bands leave room between them.
    honest, leak = bands.band("honest", "held_out"), bands.band("leak", "held_out")
    assert max(bands.values["leak"]["held_out"]) < leak.high < honest.low < min(bands.values["honest"]["held_out"])
    # Pairs of characters, counted in the training text, give 2.556 on these plays: what is lower has learned more.
    assert honest.high < 2.55
    assert bands.band("honest", "end_excess").high < bands.band("leak", "end_excess").low


def test_the_gpu_setting_is_the_sharper_one() -> None:
    cpu, gpu = (load(getattr(load_settings().training, device)).band("honest", "held_out") for device in ("cpu", "gpu"))
    assert gpu.high - gpu.low < cpu.high - cpu.low


@pytest.mark.parametrize(("field", "value"), [("num_steps", 0), ("num_heads", 3), ("ctx_size", 1), ("batch_size", -1)])
def test_impossible_sizes_are_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=r"positive|multiple|at least"):
        dataclasses.replace(SETTING, **{field: value})
