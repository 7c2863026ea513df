"""Library calls that a course forbids: refused where they are made, and only those."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import pytest

from autograder.paths import REFERENCE, TEMPLATE
from autograder.settings import Shortcuts
from support.shortcuts import FUNCTIONS, MODULES
from tests.gradings import Grading, Job
from tests.patches import Change
from tests.touched import checks_loading

CALLS = {
    "nn.MultiheadAttention": [
        "nn.MultiheadAttention(8, 2)(x, x, x)",
        "nn.MultiheadAttention(8, 2).eval().requires_grad_(False)(x, x, x)",
        "type('Own', (nn.MultiheadAttention,), {})(8, 2)(x, x, x)",
    ],
    "nn.Transformer": [
        "nn.TransformerEncoderLayer(8, 2)(x)",
        "nn.TransformerEncoderLayer(8, 2, batch_first=True).eval().requires_grad_(False)(x)",
        "nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 1)(x)",
        "nn.Transformer(8, 2, 1, 1)(x, x)",
    ],
    "F.scaled_dot_product_attention": [
        "F.scaled_dot_product_attention(x, x, x, is_causal=True)",
        "torch._C._nn.scaled_dot_product_attention(x, x, x)",
    ],
}
ALLOWED = "(x @ x.transpose(-2, -1)).softmax(-1) @ nn.Linear(8, 8)(nn.LayerNorm(8)(x))"


TRIED = """
import json, os, sys, warnings
import torch
from torch import nn
from torch.nn import functional as F
from support.shortcuts import forbid

warnings.simplefilter("ignore")
for forbidden, calls in json.load(sys.stdin):
    said, saying = os.pipe()
    if os.fork() == 0:
        os.dup2(saying, 1)
        x = torch.ones(2, 3, 8)
        forbid(forbidden)
        for call in calls:
            try:
                exec(call)
                print("allowed")
            except BaseException as error:
                print(f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        os._exit(0)
    os.close(saying)
    with open(said) as file:
        print(json.dumps(file.read().splitlines()))
    sys.stdout.flush()
"""
EVERYTHING = [call for name in CALLS for call in CALLS[name][:1]] + [ALLOWED]
TRIES = {
    **{name: ([name], CALLS[name]) for name in CALLS},
    "nothing is forbidden": ([], EVERYTHING),
    "all is forbidden": (list(CALLS), [ALLOWED]),
}


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """What comes of each of TRIES, in forks of one process that has imported torch."""
    command = [sys.executable, "-c", TRIED]
    tries = json.dumps(list(TRIES.values()))
    done = subprocess.run(
        command, input=tries, cwd=TEMPLATE / "tests", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(zip(TRIES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", CALLS)
def test_every_way_to_call_it_is_refused(name: str, said: dict[str, list[str]]) -> None:
    """One process for all: what is refused does not change what comes after it."""
    wanted = f"NotAllowed: {name} is not allowed in this course: write its steps out"
    assert said[name] == [wanted] * len(CALLS[name])


def test_what_is_not_named_stays_allowed(said: dict[str, list[str]]) -> None:
    assert said["nothing is forbidden"] == ["allowed"] * len(EVERYTHING)
    assert said["all is forbidden"] == ["allowed"]


def test_settings_and_library_know_the_same_names() -> None:
    annotation = Shortcuts.model_fields["forbidden"].annotation
    assert set(get_args(get_args(annotation)[0])) == set(MODULES) == set(FUNCTIONS) == set(CALLS)


FORBIDDEN = ("F.scaled_dot_product_attention",)
ONE_STEP = Change(
    "charlm/attention.py",
    "        scores = attention_scores(q, k)",
    """        if self.softmax_dim == -1:
            return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        scores = attention_scores(q, k)""",
)
SHORT = Job("short", changes=(ONE_STEP,), forbidden=FORBIDDEN)
SHORT = replace(SHORT, checks=checks_loading(SHORT))


@pytest.mark.grades(Job("steps written out", whole=REFERENCE, forbidden=FORBIDDEN))
def test_what_writes_its_steps_out_loses_nothing(grading: Grading) -> None:
    grading.expect_sound(training=False)
    assert (grading.failed, grading.blocked) == (set(), set())


@pytest.mark.grades(SHORT)
def test_a_grading_says_what_is_not_allowed_and_takes_it_for_missing(grading: Grading) -> None:
    """The head is at fault; what is built on it is checked with a stand-in, or blocked."""
    grading.expect_sound(training=False, checks=SHORT.checks)
    named = {number for number in grading.failed if f"{FORBIDDEN[0]} is not allowed" in grading.output(number)}
    assert {"6.1", "6.2"} <= named
    right = {number for number, outcome in grading.outcomes.items() if outcome == "passed"}
    assert {"6.3", "6.4", "6.7", "7.1", "8.1", "9.1"} <= right
