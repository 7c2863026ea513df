"""Library calls that a course forbids: refused where they are made, and only those."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args

import pytest

from autograder.paths import REFERENCE, TEMPLATE
from autograder.settings import Shortcuts
from support.shortcuts import FUNCTIONS, MODULES
from tests.test_commands import project as project
from tests.test_commands import run

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


def outcome(forbidden: list[str], call: str) -> str:
    code = f"""
        import torch
        from torch import nn
        from torch.nn import functional as F
        from support.shortcuts import NotAllowed, forbid
        x = torch.ones(2, 3, 8)
        forbid({forbidden!r})
        try:
            {call}
            print("allowed")
        except NotAllowed as error:
            print(error)
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=TEMPLATE / "tests", capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("name", CALLS)
def test_every_way_to_call_it_is_refused(name: str) -> None:
    """One process for all: what is refused does not change what comes after it."""
    tries = "\n".join(
        f"try:\n    {call}\n    print('allowed')\nexcept NotAllowed as error:\n    print(error)" for call in CALLS[name]
    )
    said = outcome([name], f"exec({tries!r})").splitlines()
    wanted = f"{name} is not allowed in this course: write its steps out"
    assert said == [wanted] * len(CALLS[name]) + ["allowed"]


def test_what_is_not_named_stays_allowed() -> None:
    calls = [call for name in CALLS for call in CALLS[name][:1]]
    assert outcome([], "; ".join([*calls, ALLOWED])) == "allowed"
    assert outcome(list(CALLS), ALLOWED) == "allowed"


def test_settings_and_library_know_the_same_names() -> None:
    annotation = Shortcuts.model_fields["forbidden"].annotation
    assert set(get_args(get_args(annotation)[0])) == set(MODULES) == set(FUNCTIONS) == set(CALLS)


SHORT = """        q, k, v = self.query(x), self.key(x), self.value(x)
        if self.softmax_dim == -1:
            return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return attention_probs(causal_mask(attention_scores(q, k), self.tril), dim=self.softmax_dim) @ v
"""


def test_a_grading_says_what_is_not_allowed_and_takes_it_for_missing(project: Path) -> None:
    """The head is at fault; what is built on it is checked with a stand-in, or blocked."""
    settings = project / "assignment.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("forbidden = []", 'forbidden = ["F.scaled_dot_product_attention"]'))
    code = shutil.copytree(REFERENCE, project / "short", ignore=shutil.ignore_patterns("__pycache__", "data"))
    module = code / "charlm" / "attention.py"
    before, _, rest = module.read_text(encoding="utf-8").partition("        q = self.query(x)")
    module.write_text(
        before + SHORT + rest.partition("        return probs @ v")[2].partition("\n")[2], encoding="utf-8"
    )
    for name, submission in (("own", REFERENCE), ("short", code)):
        done = run("grade", str(submission), "--without-training", "--out", str(project / name), root=project)
        assert done.returncode == 0, done.stderr
    own, short = (json.loads((project / name / "results.json").read_text()) for name in ("own", "short"))
    assert {test["status"] for test in own["tests"] if "status" in test} == {"passed"}
    failed = {test["number"]: test["output"] for test in short["tests"] if test.get("status") == "failed"}
    named = [number for number, output in failed.items() if "F.scaled_dot_product_attention is not allowed" in output]
    assert {"6.1", "6.2"} <= set(named)
    right = {test["number"] for test in short["tests"] if test.get("status") == "passed"}
    assert {"6.3", "6.4", "6.7", "7.1", "8.1", "9.1"} <= right
