"""The simulated accelerator: right code runs on it with the CPU's numbers, and what CUDA refuses fails on it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gpu.operators import STILL_DIFFERENT
from tests.simulated_snippets.correct import CORRECT
from tests.simulated_snippets.mistaken import MISTAKEN, SAME_DEVICE

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "student_template" / "tests"


def run_python(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What became of every snippet, in one process of their own."""
    result: dict[str, Any] = json.loads(run_python("-m", "tests.simulated_snippets"))
    return result


def values(value: Any) -> Any:
    """An outcome with its texts of numbers read, for a comparison up to rounding."""
    if isinstance(value, list):
        return [values(item) for item in value]
    return pytest.approx(flat(ast.literal_eval(value)), rel=1e-4, abs=1e-5) if value.startswith("[") else value


def flat(value: Any) -> list[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", CORRECT)
def test_correct_code_runs_with_the_numbers_of_the_cpu(name: str, report: dict[str, Any]) -> None:
    expected, actual = report["correct"][name]
    assert not (isinstance(expected, str) and "Error" in expected), expected
    if name.startswith("attention"):  # PyTorch has one fused kernel for the CPU and another way for other devices
        assert not isinstance(actual, str), actual
        assert [item[:2] for item in actual] == [item[:2] for item in expected]
        for mine, theirs in zip(actual, expected, strict=True):
            assert flat(ast.literal_eval(mine[2])) == values(theirs[2])
    else:
        assert actual == expected


@pytest.mark.parametrize("name", MISTAKEN)
def test_mistaken_code_fails_as_on_cuda(name: str, report: dict[str, Any]) -> None:
    actual = report["mistaken"][name]
    assert isinstance(actual, str), f"it ran: {actual}"
    expected = MISTAKEN[name][1]
    assert actual.startswith(expected if expected.startswith("TypeError") else f"RuntimeError: {expected}")


def test_a_whole_model_trains_with_the_losses_of_the_cpu(report: dict[str, Any]) -> None:
    (expected, seconds), (actual, seconds_simulated) = report["training"]["cpu"], report["training"]["device"]
    assert len(actual) == 20
    assert actual == expected
    assert actual[-1] < actual[0]
    # A fixed price for each operator, some 2000 in a step of this model: 0.03 s where this was written.
    assert (seconds_simulated - seconds) / 20 < 0.2


def test_the_reference_trains_and_generates(report: dict[str, Any]) -> None:
    expected, actual = report["reference"]["cpu"], report["reference"]["device"]
    assert actual[:-1] == expected[:-1]
    assert actual[-1] == "gpu"


def test_tensors_meet_as_they_do_on_a_gpu() -> None:
    """`operators.json`: may the argument be on the CPU, as a tensor or as a number?

    As `tests.gpu` found on an H200 with torch 2.11, of those operators in which the simulated device once differed.
    """
    code = """
import json, sys, warnings
from support.simulated_device import simulated_accelerator
from tests.gpu.operators import outcomes
warnings.simplefilter("ignore")
with simulated_accelerator():
    found = outcomes("gpu", sys.argv[1:])
print(json.dumps([[*about, permitted] for about, permitted in found.items()]))
"""
    measured = json.loads((ROOT / "tests" / "gpu" / "operators.json").read_text(encoding="utf-8"))
    found = json.loads(run_python("-c", code, *measured).splitlines()[-1])
    different, compared = set(), 0
    for operator, argument, shape, permitted in found:
        on_gpu = measured[operator].get(argument, {}).get("number" if shape == "a number" else "tensor")
        compared += on_gpu is not None
        if on_gpu is not None and on_gpu is not permitted:
            different.add(operator)
    assert compared > 100
    assert different == STILL_DIFFERENT


def test_importing_runs_nothing_and_changes_nothing() -> None:
    code = """
import os, torch
from torch.utils._python_dispatch import TorchDispatchMode
class Forbid(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        raise AssertionError(f"{func} at import")
tasks = "/proc/self/task"
threads = len(os.listdir(tasks)) if os.path.exists(tasks) else 0
with Forbid():
    from support.simulated_device import NAME
assert not os.path.exists(tasks) or len(os.listdir(tasks)) == threads
assert torch._C._get_privateuse1_backend_name() == "privateuseone"
"""
    run_python("-c", code)


REFUSED = """
from support.simulated_device import SimulationUnavailable, activate
for _ in range(2):
    try:
        activate()
    except SimulationUnavailable as error:
        print(error)
"""


def test_an_activation_that_comes_too_late_says_so_each_time() -> None:
    lines = run_python("-c", "import torch; torch.ones(1, requires_grad=True).sum().backward()" + REFUSED)
    assert lines.count("must be activated before the first backward pass") == 2


def test_a_pytorch_without_python_devices_is_named() -> None:
    old = "from torch.utils import backend_registration as b; del b._setup_privateuseone_for_python_backend"
    assert run_python("-c", old + REFUSED).count("cannot simulate an accelerator: install a newer one") == 2


def test_tensors_outlive_the_simulation_and_the_generator_class_returns() -> None:
    code = """
import torch
from support.simulated_device import NAME, activate, held, simulated_accelerator
generator = torch.Generator
activate(); activate()
with simulated_accelerator(), simulated_accelerator():
    x = torch.ones(2, device=NAME, requires_grad=True)
    y = (x * 2).detach()
assert torch.Generator is generator
copy = held(y)
copy += 1
assert type(copy) is torch.Tensor and y.cpu().tolist() == [2, 2] == (y + 0).tolist()
assert "gpu:0" in repr(y) and held(x).requires_grad is False and held(copy) is not copy
try:
    y + torch.ones(2)
except RuntimeError as error:
    print(error)
"""
    assert run_python("-c", code).startswith(SAME_DEVICE)
