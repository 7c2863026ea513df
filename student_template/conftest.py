"""Makes `pytest` in this folder check your own code. What it prints is made in tests/support/progress.py."""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from support.answers import unreadable
from support.checking import Submission, describe
from support.local import LocalSubmission
from support.progress import Progress
from support.shortcuts import forbid
from support.simulated_device import NAME, SimulationUnavailable, activate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
NOT_ALLOWED = HERE / "tests" / "support" / "not_allowed.json"  # library calls that your course wants written out
NO_DEVICE = pytest.StashKey[str]()


@pytest.fixture
def submission() -> Iterator[Submission]:
    """Your `charlm`, imported."""
    torch.manual_seed(0)
    yield LocalSubmission()
    LocalSubmission().probes.remove_doubles()
    torch.set_grad_enabled(True)  # which code may have left switched off, and the next check is not to suffer from


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> torch.Generator:
    """Random numbers that are the same at each run of a check."""
    return torch.Generator().manual_seed(zlib.crc32(request.node.name.encode()))


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The accelerator to check on: a real GPU, else the simulated one."""
    if trouble := request.config.stash[NO_DEVICE]:
        pytest.skip(trouble)
    return "cuda" if torch.cuda.is_available() else NAME


@pytest.fixture
def corpus() -> str:
    """The text that the model is trained on."""
    path = HERE / "data" / "shakespeare.txt"
    if not path.exists():
        pytest.fail(f"{path} is missing: take it from the handout, or build it with `python -m autograder corpus`")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def answers() -> dict[str, Any]:
    """What you wrote into answers.toml."""
    try:
        return tomllib.loads((HERE / "answers.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise unreadable(f"answers.toml cannot be read: {error}") from None


def pytest_configure(config: pytest.Config) -> None:
    # Every name goes on after its problem's number, so that `-k problem_1` does not mean problem 10 as well.
    config.option.keyword = re.sub(r"(problem_\d+)(?!\w)", r"\1_", config.option.keyword)
    config.pluginmanager.register(Progress(), "progress")
    config.stash[NO_DEVICE] = ""
    if NOT_ALLOWED.exists():
        forbid(json.loads(NOT_ALLOWED.read_text(encoding="utf-8")))
    if not torch.cuda.is_available():
        try:
            activate()  # now, because it has to come before the first backward pass
        except SimulationUnavailable as error:
            config.stash[NO_DEVICE] = str(error)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: describe(item.function).order)  # type: ignore[attr-defined]
