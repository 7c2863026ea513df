"""Makes `pytest` in this folder check your own code: one sentence and one hint for each check that fails."""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from support.checking import Submission, describe
from support.local import LocalSubmission
from support.outcomes import Outcome, Record, record_of, settle
from support.simulated_device import NAME, SimulationUnavailable, activate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
RECORDS = pytest.StashKey[list[Record]]()
NO_DEVICE = pytest.StashKey[str]()


@pytest.fixture
def submission() -> Iterator[Submission]:
    """Your `charlm`, imported."""
    torch.manual_seed(0)
    yield LocalSubmission()
    LocalSubmission().probes.remove_doubles()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> torch.Generator:
    """Random numbers that are the same at each run of a check."""
    return torch.Generator().manual_seed(zlib.crc32(request.node.name.encode()))


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The accelerator to check on: a real GPU, else the simulated one."""
    if trouble := request.config.stash[NO_DEVICE]:
        pytest.fail(f"problem 4 cannot be checked here: {trouble}")
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
        pytest.fail(f"answers.toml cannot be read: {error}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RECORDS] = []
    config.stash[NO_DEVICE] = ""
    if not torch.cuda.is_available():
        try:
            activate()  # now, because it has to come before the first backward pass
        except SimulationUnavailable as error:
            config.stash[NO_DEVICE] = str(error)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: describe(item.function).order)  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    info = describe(item.function)  # type: ignore[attr-defined]
    report.user_properties.append(("check", f"{info.number:>4}  {info.title}"))
    failed = call.excinfo is not None
    if call.when == "call" or failed:
        record = record_of(info, call.excinfo.value if call.excinfo else None, call.duration)
        item.config.stash[RECORDS].append(record)
        if failed and record.outcome is not Outcome.GRADER_ERROR:
            values = f"\nFirst difference: {record.values}" if record.values else ""
            report.longrepr = f"{info.sentence}\n\n{record.message}{values}\nHint: {info.hint}\n"
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    if report.when != "call" and report.passed:
        return "", "", ""
    check = dict(report.user_properties).get("check", report.nodeid)
    mark = "ok  " if report.passed else "FAIL"
    return report.outcome, f"{mark} {check}\n", report.outcome.upper()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    records = settle(config.stash[RECORDS])
    passed, total = Counter[int](), Counter[int]()
    for record in records:
        total[record.info.problem] += 1
        passed[record.info.problem] += record.outcome is Outcome.PASSED
    terminalreporter.section("public checks by problem")
    for problem in sorted(total):
        bar = "#" * passed[problem] + "." * (total[problem] - passed[problem])
        terminalreporter.line(f"problem {problem:>2}  {bar}  {passed[problem]} of {total[problem]}")
    for record in records:
        if record.outcome is Outcome.BLOCKED:
            terminalreporter.line(f"check {record.info.number}: {record.message.splitlines()[0]}")
