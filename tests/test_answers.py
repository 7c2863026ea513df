"""What is right in answers.toml is found by experiments, and would be something else if the reference were."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.checks import answer_experiments as experiments
from autograder.checks import answer_trainings as trainings
from autograder.checks import hidden_answers
from autograder.paths import REFERENCE, TEMPLATE
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Zygote
from support.checking import CheckFailure, Submission, describe
from tests.patches import Change, write_patched

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RIGHT = tomllib.loads((REFERENCE / "answers.toml").read_text(encoding="utf-8"))
CHOICES = tomllib.loads((TEMPLATE / "tests/support/answer_choices.toml").read_text(encoding="utf-8"))
CHECKS: dict[str, Callable[..., None]] = {
    describe(check).number: check for name, check in vars(hidden_answers).items() if name.startswith("test_")
}


@pytest.fixture(scope="module")
def reference(zygote: Zygote) -> Iterator[Submission]:
    with RemoteSubmission(zygote, REFERENCE, limits=Limits(seconds=600.0), trusted=True) as opened:
        opened.probes.make_available("gpu")
        yield opened


def run(check: Callable[..., None], answers: dict[str, Any], reference: Submission, seed: int = 0) -> None:
    have = {
        "answers": answers,
        "reference": reference,
        "device": "gpu",
        "rng": torch.Generator().manual_seed(seed),
    }
    check(**{name: have[name] for name in check.__code__.co_varnames[: check.__code__.co_argcount]})


@pytest.mark.parametrize("number", CHECKS)
def test_the_references_own_answer_is_borne_out_whatever_the_seed(number: str, reference: Submission) -> None:
    for seed in range(1 if "trainings" in CHECKS[number].__code__.co_names else 10):
        run(CHECKS[number], RIGHT, reference, seed)


def test_every_other_answer_is_wrong(reference: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    """And an experiment says of each that is listed whether it holds."""
    judged: list[frozenset[str]] = []

    def the_one(borne_out: dict[str, bool]) -> str:
        judged.append(frozenset(borne_out))
        return experiments_the_one(borne_out)

    experiments_the_one = experiments.the_one
    monkeypatch.setattr(experiments, "the_one", the_one)
    monkeypatch.setattr(trainings, "the_one", the_one)
    wrong = {
        problem: {key: next(c for c in item["choices"] if c != RIGHT[problem][key]) for key, item in items.items()}
        for problem, items in CHOICES.items()
    }
    for check in CHECKS.values():
        with pytest.raises(CheckFailure):
            run(check, wrong, reference)
    shapes = {key for items in CHOICES.values() for key in items if key.endswith("_shape")}
    lists = [frozenset(item["choices"]) for items in CHOICES.values() for key, item in items.items()]
    assert len(CHECKS) == len(lists)
    assert len(judged) == len(CHECKS) - len(shapes) - 1, "all but the shapes and the type of the error"
    assert [listed for listed in judged if listed not in lists] == []


OTHER_REFERENCES = {
    "the most probable": (
        "3.31",
        Change(
            "charlm/model.py", "torch.multinomial(probs, num_samples=1, generator=generator)", "probs.argmax(1, True)"
        ),
        "the most probable one after a softmax of the logits at the last position",
    ),
    "the first position": (
        "3.31",
        Change("charlm/model.py", "self(window)[:, -1]", "self(window)[:, 0]"),
        "drawn with the probabilities from a softmax of the logits at the first position",
    ),
    "moved in silence": (
        "4.31",
        Change(
            "charlm/model.py", "T = tokens.size(1)", "T = (tokens := tokens.to(self.lm_head.weight.device)).size(1)"
        ),
        "no exception",
    ),
    "a loss for each": (
        "5.33",
        Change("charlm/training.py", "y.reshape(B * T))", "y.reshape(B * T), reduction='none').view(B, T)"),
        "B T",
    ),
    "nothing to guess": (
        "5.34",
        Change("charlm/data.py", "start + 1 : start + 1 + ctx_size", "start : start + ctx_size"),
        "every character as the one at position t, which X[b, t] holds",
    ),
    "no mask": (
        "5.34",
        Change("charlm/attention.py", "scores = causal_mask(scores, self.tril)", "scores = scores + 0"),
        "every character as the one at position t + 1, knowing the whole of X[b]",
    ),
    "another axis": (
        "9.31",
        Change("charlm/attention.py", "scores.softmax(dim=dim)", "scores.softmax(dim=0)"),
        "the batch b",
    ),
}


@pytest.mark.parametrize("name", OTHER_REFERENCES)
def test_another_reference_makes_another_answer_right(name: str, zygote: Zygote, tmp_path: Path) -> None:
    number, change, right = OTHER_REFERENCES[name]
    problem = f"problem_{number.partition('.')[0]}"
    changed = {problem: dict.fromkeys(RIGHT[problem], right)}
    with RemoteSubmission(zygote, write_patched([change], tmp_path), trusted=True) as other:
        other.probes.make_available("gpu")
        run(CHECKS[number], changed, other)
        with pytest.raises(CheckFailure):
            run(CHECKS[number], RIGHT, other)


def test_an_experiment_without_a_clear_result_is_no_verdict() -> None:
    for borne_out in ({"a": False, "b": False}, {"a": True, "b": True}):
        with pytest.raises(RuntimeError, match="instead of one"):
            experiments.the_one(borne_out)


@pytest.mark.parametrize("number", CHECKS)
def test_hints_name_the_section_to_read_again(number: str) -> None:
    handout = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    hint = describe(CHECKS[number]).hint
    found = re.match(r'Reread section (\d+), "(.*)", of the handout\. ', hint)
    assert found
    assert (found[1], f"\n### {found[1]} · {found[2]}\n" in handout) == (number.partition(".")[0], True)
    problem = f"problem_{found[1]}"
    assert not any(len(right) > 6 and right in hint for right in RIGHT[problem].values())
