"""The simulated accelerator beside a real one: the same code runs on both, and fails on both in the same words."""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
from typing import Any

from autograder.paths import ROOT
from tests.gpu.part import Part

# Drawn on the device itself, from a generator that is not the CPU's: shapes and types can agree, numbers cannot.
DRAWN = {"sampling", "seeds", "batch: starts on the device", "default device"}
# What PyTorch's sentences about devices have in common; whether it names two devices or an argument on one of them
# depends on the operator.
PHRASES = ("on the same device", "device type for generator", "indices should be either on cpu", "can't convert")
CLOSE = 1e-3  # float32 sums in another order, over four training steps


def compare_snippets() -> Part:
    """Every snippet of tests/simulated_snippets on both."""
    simulated, real = (_report(device) for device in ("gpu", "cuda"))
    part = Part()
    for name, (_, there) in simulated["correct"].items():
        here = real["correct"][name][1]
        if isinstance(here, str):
            part.wrong.append(f"right code fails on the GPU: {name}: {here}")
        elif not _alike(here, there, numbers=name not in DRAWN):
            part.wrong.append(f"another result on the GPU: {name}")
    for name, there in simulated["mistaken"].items():
        here = real["mistaken"][name]
        if not isinstance(here, str) or not isinstance(there, str) or _kind(here) != _kind(there):
            part.wrong.append(f"the GPU says something else: {name}: {here!r}, simulated: {there!r}")
    part.facts = {
        "right snippets that run on both with the same results": _share(
            len(simulated["correct"]), part, ("right code", "another result")
        ),
        "mistaken snippets that fail on both with the same error about devices": _share(
            len(simulated["mistaken"]), part, ("the GPU says",)
        ),
        "largest difference of a loss over 20 training steps from the CPU's": _largest_difference(real),
    }
    return part


def _report(device: str) -> dict[str, Any]:
    support = ROOT / "student_template" / "tests"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(support), *_own_path()])}
    command = [sys.executable, "-m", "tests.simulated_snippets", device]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the snippets could not be run on {device}\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _kind(error: str) -> tuple[str, list[str]]:
    """Type of the exception, and what it is about."""
    return error.partition(":")[0], [phrase for phrase in PHRASES if phrase in error]


def _own_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _alike(one: Any, other: Any, *, numbers: bool) -> bool:
    """Whether two outcomes have the same structure, and, if `numbers` count, about the same numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_alike(a, b, numbers=numbers) for a, b in zip(one, other, strict=True))
    if one == other or not numbers:
        return True
    try:
        mine, theirs = _flat(ast.literal_eval(one)), _flat(ast.literal_eval(other))
    except (ValueError, SyntaxError):
        return False
    return len(mine) == len(theirs) and all(
        math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) for a, b in zip(mine, theirs, strict=True)
    )


def _flat(value: Any) -> list[float]:
    return [number for item in value for number in _flat(item)] if isinstance(value, (list, tuple)) else [float(value)]


def _share(count: int, part: Part, kinds: tuple[str, ...]) -> str:
    return f"{count - sum(one.startswith(kinds) for one in part.wrong)} of {count}"


def _largest_difference(real: dict[str, Any]) -> str:
    (on_cpu, _), (on_gpu, _) = real["training"]["cpu"], real["training"]["device"]
    return f"{max(abs(a - b) for a, b in zip(on_cpu, on_gpu, strict=True)):.1g}"
