"""Submissions of a few lines, run by workers of one zygote."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Zygote
from support.checking import SubmissionError

Submit = Callable[..., RemoteSubmission]


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Apart from pytest, which may have run tensor operations before."""
    with Zygote.start_apart() as running:
        yield running


@pytest.fixture
def submit(zygote: Zygote, tmp_path: Path) -> Iterator[Submit]:
    """`submit(source, seconds=…, other_module=source)`: the source becomes `charlm/model.py`."""
    opened: list[RemoteSubmission] = []

    def make(model: str = "", *, limits: Limits | None = None, seed: int = 0, **modules: str) -> RemoteSubmission:
        code = tmp_path / f"submission-{len(opened)}"
        (code / "charlm").mkdir(parents=True)
        for name, source in {"__init__": "", "model": model, **modules}.items():
            (code / "charlm" / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        opened.append(RemoteSubmission(zygote, code, limits=limits, seed=seed))
        return opened[-1]

    yield make
    for submission in opened:
        submission.close()


@pytest.fixture
def echo(submit: Submit) -> Callable[[Any], Any]:
    """Sends a value to a worker and back."""
    return submit("def echo(x): return x").model.echo  # type: ignore[no-any-return]


def kind_of(call: Callable[[], object]) -> tuple[type[SubmissionError], str]:
    """Which error of the submission the call ends in, and its message."""
    with pytest.raises(SubmissionError) as caught:
        call()
    return type(caught.value), caught.value.message
