"""One training serves several checks, `train` is not blamed for the model, and losses are the grader's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest
import torch

from autograder.bands import Band, Bands
from autograder.calibration import CalibrationError
from autograder.checks import hidden_training
from autograder.grading.evidence import Evidence, encode, position_losses, windows
from autograder.grading.training import Trainings
from autograder.training_setting import TrainingSetting
from support.checking import CheckFailure, expect
from support.failures import CallTimedOut, SubmissionError
from support.replies import Curve

SETTING = TrainingSetting(8, 2, 1, 4, 2, 5, 0.01, 2, 1, 8)
BANDS = {
    "honest": {"held_out": (2.2, 2.4), "first_loss": (4.0, 4.6), "end_excess": (-0.2, 0.2)},
    "double": {"held_out": (2.9, 3.1), "first_loss": (4.0, 4.6), "end_excess": (-0.2, 0.2)},
    "leak": {"held_out": (0.5, 1.5), "first_loss": (4.0, 4.6), "end_excess": (1.5, 2.5)},
}
CHECKS = [value for name, value in sorted(vars(hidden_training).items()) if name.startswith("test_")]
FAILURE = CheckFailure("Trained", "a History", "a dict")
SLOW = CallTimedOut(["TimeoutError"], "no answer within 1 seconds")

Outcome = Evidence | Exception


def evidence(kind: str, **changes: float) -> Evidence:
    held_out = changes.get("held_out", {"honest": 2.3, "leak": 0.8, "double": 3.0}[kind])
    final = held_out + 0.01
    curve = Curve([0, 4, 5], [changes.get("first", 4.3), 3.0, final], [4.3, 3.0, final + changes.get("lie", 0.0)])
    end = held_out + changes.get("excess", 1.9 if kind == "leak" else 0.0)
    return Evidence(kind, curve, held_out, end, final, final)


class Prepared(Trainings):
    """Trainings whose outcomes are known."""

    def __init__(self, **outcomes: Outcome) -> None:
        submission: Any = None
        super().__init__(submission, SETTING, "cpu", "ab", "ab", 0)
        self.outcomes: dict[str, Outcome] = {kind: evidence(kind) for kind in ("honest", "leak", "double")}
        self.outcomes.update(outcomes)
        self.trained: list[str] = []

    def band(self, kind: str, quantity: str) -> Band:
        low, high = BANDS[kind].get(quantity, (-0.1, 0.1))
        return Band(low, high, (low + high) / 2, 0.01, 40, 1e-7)

    @cached_property
    def _bands(self) -> Bands:
        return Bands({})

    def train(self, kind: str) -> Evidence:
        self.trained.append(kind)
        outcome = self.outcomes[kind]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def failing(trainings: Trainings) -> set[str]:
    found = set()
    for check in CHECKS:
        try:
            check(trainings)
        except (CheckFailure, SubmissionError):
            found.add(check.__number__)
    return found


def test_right_trainings_pass_and_each_is_done_once() -> None:
    trainings = Prepared()
    assert failing(trainings) == set()
    assert trainings.trained == ["honest", "leak"]


@pytest.mark.parametrize("error", [FAILURE, SLOW], ids=["failure", "time"])
def test_an_error_is_raised_for_each_check_but_met_once(error: Exception) -> None:
    trainings = Prepared(leak=error)
    assert failing(trainings) == {"10.20", "10.21", "10.22"}
    assert trainings.trained == ["honest", "leak"]
    with pytest.raises(type(error)):
        trainings.leak()


@pytest.mark.parametrize(
    ("outcomes", "failed"),
    [
        ({"honest": evidence("honest", held_out=3.3)}, {"2.23"}),
        ({"honest": evidence("honest", held_out=0.2, excess=2.6)}, {"2.24"}),
        ({"honest": evidence("honest", excess=0.5)}, {"2.24"}),
        ({"honest": FAILURE}, {"2.23", "2.24"}),
        ({"honest": SLOW}, {"2.23", "2.24"}),
        ({"honest": evidence("honest", held_out=3.3), "double": evidence("double", held_out=3.3)}, {"2.20", "2.23"}),
        ({"honest": evidence("honest", held_out=7.3), "double": evidence("double", held_out=2.7)}, {"2.20", "2.23"}),
        ({"honest": evidence("honest", first=3.0), "double": evidence("double", first=3.0)}, {"2.21"}),
        ({"honest": evidence("honest", lie=-0.5), "double": evidence("double", lie=-0.5)}, {"2.22"}),
        ({"honest": evidence("honest", lie=math.nan), "double": evidence("double", lie=math.nan)}, {"2.22"}),
        ({"honest": evidence("honest", held_out=math.nan)}, {"2.23", "2.24"}),
        ({"leak": evidence("leak", held_out=2.3, excess=0.0)}, {"10.20", "10.22"}),
        ({"leak": evidence("leak", held_out=2.1)}, set()),
        ({"leak": evidence("leak", lie=0.3)}, {"10.21"}),
        ({"leak": evidence("leak", excess=0.0)}, {"10.22"}),
    ],
)
def test_each_fault_costs_the_checks_that_name_it(outcomes: dict[str, Outcome], failed: set[str]) -> None:
    assert failing(Prepared(**outcomes)) == failed


def test_a_failure_with_the_stand_in_is_no_fault_of_the_model() -> None:
    wrong = {"honest": evidence("honest", held_out=4.2), "double": evidence("double", held_out=4.2)}
    with pytest.raises(CheckFailure) as caught:
        hidden_training.test_training_lowers_the_loss_on_other_plays(Prepared(**wrong))
    assert {"TransformerLM", "Head", "causal_mask"} <= caught.value.settled
    assert not {"train", "get_batch", "loss_fn", "estimate_loss"} & caught.value.settled


def test_without_bands_nothing_is_trained() -> None:
    submission: Any = None
    with pytest.raises(CalibrationError, match="calibrate"):
        Trainings(submission, SETTING, "cpu", "ab", "ab", 0).honest()


def test_when_nothing_can_be_trained_the_own_error_is_shown() -> None:
    stub = SubmissionError(["NotImplementedError", "Exception"], "problem 2: train")
    trainings = Prepared(honest=stub, double=SLOW)
    with pytest.raises(SubmissionError) as caught:
        trainings.judge_train(_never)
    assert caught.value is stub


def _never(found: Evidence, band: Callable[[str], Band]) -> None:
    expect(False, "Judged", "nothing to judge", "evidence")


def test_losses_follow_from_logits() -> None:
    logits = torch.tensor([[[0.0, 0.0], [0.0, math.log(3)]]])
    losses = position_losses(logits, torch.tensor([[1, 0]], dtype=torch.int16), 2, "Asked")
    assert losses.dtype == torch.float64
    assert losses.tolist() == [[pytest.approx(math.log(2)), pytest.approx(math.log(4), rel=1e-6)]]
    for wrong in (logits[0], logits.long(), "logits", None, torch.zeros(1, 2, 3)):
        with pytest.raises(CheckFailure):
            position_losses(wrong, torch.tensor([[1, 0]]), 2, "Asked")


def test_windows_start_anywhere() -> None:
    found = windows(torch.arange(6, dtype=torch.int16), 200, 3, torch.Generator().manual_seed(0))
    assert found.shape == (200, 4)
    assert set(found[:, 0].tolist()) == {0, 1, 2}
    assert bool((found[:, 1:] - found[:, :-1] == 1).all())


def test_encoding_is_the_index_in_the_vocabulary() -> None:
    assert encode("cab\n", ["\n", "a", "b", "c"]).tolist() == [3, 1, 2, 0]
    assert encode("é😀", ["é", "😀"]).tolist() == [0, 1]
    for stranger in ("d", " ", "\t"):
        with pytest.raises(ValueError, match="vocabulary"):
            encode(f"a{stranger}", ["\n", "a", "b", "c"])
