"""Options of the grader's own tests, and the gradings that the selected ones are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from autograder.diff.differ import Differ, reference_side
from autograder.sandbox.zygote import Zygote
from tests import browsing
from tests.batches import CORES, Batch
from tests.canaries import Canaries, planted
from tests.gradings import Grading, Job

TOOK = pytest.StashKey[list[float]]()  # seconds of processor time of each grading


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden",
        action="store_true",
        help="write tests/golden/*.json anew; read the diff before committing",
    )
    parser.addoption(
        "--every-submission",
        action="store_true",
        help="grade every planted mistake, variant and hostile submission, not a sample of them",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "grades(job): the grading that the fixture `grading` is to give")
    config.addinivalue_line("markers", "alone: it limits its own time, so it comes last, when nothing runs beside it")
    config.addinivalue_line("markers", "every_submission: left out unless --every-submission is given")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--every-submission"):
        left_out = [item for item in items if item.get_closest_marker("every_submission")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("every_submission")]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Tests that need no grading come first, and those late that nothing may run beside, or beside whose gradings.

    Those that can use all cores come when the gradings beside them leave one.
    """
    job = _job(item)
    if job is None:
        return 4 if item.get_closest_marker("alone") else int("cores" in getattr(item, "fixturenames", ()))
    return 3 if job.alone else 2


@pytest.fixture(scope="session", autouse=True)
def batch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch | None]:
    """The gradings that tests can run beside, from the first test on; None when the selected tests name none."""
    jobs = [job for job in _jobs(request) if not job.alone]
    if not jobs:
        yield None
        return
    canaries = Canaries(tmp_path_factory.mktemp("canaries"))
    under_way = Batch(jobs, tmp_path_factory.mktemp("gradings"), canaries, imported=True)
    yield under_way
    under_way.give_up()


@pytest.fixture(scope="session")
def cores(batch: Batch | None) -> Callable[[], int]:
    """Says how many cores a test that starts several processes may keep busy by now."""
    return lambda: CORES - 1 if batch is not None and batch.under_way else CORES


@pytest.fixture(scope="session")
def gradings(batch: Batch | None, pytestconfig: pytest.Config) -> dict[Job, Grading]:
    """Those that tests ran beside, done when the first test asks."""
    return _noted(pytestconfig, batch.finish() if batch is not None else {})


@pytest.fixture(scope="session")
def gradings_alone(
    request: pytest.FixtureRequest, gradings: dict[Job, Grading], tmp_path_factory: pytest.TempPathFactory
) -> dict[Job, Grading]:
    """Those that run beside nothing else, after all others."""
    with planted(tmp_path_factory.mktemp("canaries")) as canaries:
        jobs = [job for job in _jobs(request) if job.alone]
        under_way = Batch(jobs, tmp_path_factory.mktemp("gradings"), canaries)
        try:
            return _noted(request.config, under_way.finish())
        finally:
            under_way.give_up()


@pytest.fixture
def grading(request: pytest.FixtureRequest) -> Grading:
    """The grading of the job that this test is marked with."""
    job = _job(request.node)
    assert job is not None, "mark the test with @pytest.mark.grades(Job(...))"
    found: dict[Job, Grading] = request.getfixturevalue("gradings_alone" if job.alone else "gradings")
    return found[job]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the gradings cost."""
    if took := config.stash.get(TOOK, []):
        terminalreporter.write_line(f"{len(took)} gradings took {sum(took):.0f} s of processor time")


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One for all modules: it imports torch, and keeps no state of what it forks."""
    with Zygote.start_apart() as running:
        yield running


@pytest.fixture(scope="session")
def differ(zygote: Zygote) -> Differ:
    """It has the reference observed after its first use."""
    return Differ(zygote, reference_side())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser. Mark the tests that ask for it with `browsing.needs_browser`."""
    with browsing.started() as found:
        yield found


def _job(item: pytest.Item) -> Job | None:
    mark = item.get_closest_marker("grades")
    return mark.args[0] if mark else None


def _jobs(request: pytest.FixtureRequest) -> list[Job]:
    return [job for item in request.session.items if (job := _job(item)) is not None]


def _noted(config: pytest.Config, gradings: dict[Job, Grading]) -> dict[Job, Grading]:
    config.stash.setdefault(TOOK, []).extend(grading.usage.cpu_seconds for grading in gradings.values())
    return gradings
