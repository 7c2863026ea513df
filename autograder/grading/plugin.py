"""The pytest plugin of the grader: what checks are given, and what becomes of what they raise."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest
import torch

from autograder.grading.messages import account
from autograder.grading.run_context import RunContext
from autograder.grading.training import Trainings
from autograder.sandbox.replies import Unexplained
from autograder.sandbox.zygote import Disturbed
from autograder.settings import Settings
from support.answers import unreadable
from support.checking import Submission, describe
from support.info import CheckInfo
from support.outcomes import Outcome, Record, record_of

# pytest-timeout is the backstop behind the deadlines of the calls: when it fires, the grader itself hangs.
BACKSTOP = 60.0


class GradingPlugin:
    """Fixtures and hooks of one run. Registered as an object, so that it holds no global state."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.out_of_time = False

    @pytest.fixture
    def submission(self, request: pytest.FixtureRequest) -> Iterator[Submission]:
        """The submission behind its process; a fresh one for each check."""
        info = describe(request.node.function)
        on_device = "device" in request.fixturenames
        with self.context.fresh_submission(info.number, on_device=on_device) as handle:
            yield handle

    @pytest.fixture
    def reference(self) -> Submission:
        """The reference behind a process of its own."""
        return self.context.reference

    @pytest.fixture
    def trained(self) -> Trainings:
        """The short trainings, each done when a check first asks for it."""
        return self.context.trainings

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> torch.Generator:
        """Random numbers from the run's seed, others for each check."""
        info = describe(request.node.function)
        return torch.Generator().manual_seed(self.context.seed_for("inputs", info.number))

    @pytest.fixture
    def device(self) -> str:
        """The accelerator of this run: a real one, else the simulated `gpu`."""
        return self.context.accelerator

    @pytest.fixture
    def corpus(self) -> str:
        """The text that students train on."""
        return self.context.corpus

    @pytest.fixture
    def held_out(self) -> str:
        """The plays that no student is given."""
        return self.context.held_out

    @pytest.fixture
    def answers(self) -> dict[str, Any]:
        """The submission's answers.toml. Raises CheckFailure when it could not be read."""
        if self.context.answers_problem is not None:
            raise unreadable(self.context.answers_problem)
        return self.context.answers

    @pytest.fixture
    def settings(self) -> Settings:
        """`assignment.toml`."""
        return self.context.settings

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Cheap checks first, so that a deadline costs as little as possible; trainings last."""
        trained = self.context.catalogue.trained
        infos = {item: describe(item.function) for item in items}  # type: ignore[attr-defined]
        items.sort(key=lambda item: (infos[item].number in trained, infos[item].order))
        if self.context.request.without_training:
            left_out = [item for item in items if infos[item].number in trained]
            items[:] = [item for item in items if infos[item].number not in trained]
            because = "Left out with --without-training."
            self.context.ledger.put(*(Record(infos[item], Outcome.NOT_RUN, because) for item in left_out))
            config.hook.pytest_deselected(items=left_out)
        for item in items:
            seconds = self.context.check_seconds(infos[item].number) + BACKSTOP
            item.add_marker(pytest.mark.timeout(seconds, method="signal"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self.context.time_left() <= 0:
            self.out_of_time = True
            item.session.shouldstop = "the run's time limit is reached"
            pytest.skip("not reached")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """What the system killed gets a second chance; a submission that kills its own process does it again."""
        try:
            yield
            self.context.confirm()
        except (Unexplained, Disturbed):
            try:
                self._run_again(item)
            except Disturbed:  # what killed the one process may have killed the reference's with it
                self._run_again(item)

    def _run_again(self, item: pytest.Item) -> None:
        number = _number(item)
        arguments = item.funcargs  # type: ignore[attr-defined]
        if "rng" in arguments:
            arguments["rng"].manual_seed(self.context.seed_for("inputs", number))
        with self.context.time_for(number):
            item.runtest()
            self.context.confirm()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if self.out_of_time and isinstance(error, pytest.skip.Exception):
            return report
        info, ledger = describe(item.function), self.context.ledger  # type: ignore[attr-defined]
        if call.when != "teardown" and (call.when == "call" or error):
            ledger.put(_record(info, error, call.duration))
        elif error:
            ledger.fault(info.number, f"after its verdict: {account(error)}")
        if call.when == "teardown":  # by now its worker has ended
            ledger.measured(info.number, self.context.take_peak_mb())
        return report


def _record(info: CheckInfo, error: BaseException | None, seconds: float) -> Record:
    try:
        return record_of(info, error, seconds)
    except Exception:  # there are errors that cannot be put into words
        return Record(info, Outcome.GRADER_ERROR, type(error).__name__, seconds=seconds)


def _number(item: pytest.Item) -> str:
    return describe(item.function).number  # type: ignore[attr-defined]
