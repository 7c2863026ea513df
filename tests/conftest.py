"""Options of the grader's own tests, and the gradings that the selected ones are about."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import browsing
from tests.canaries import planted
from tests.gradings import Grading, Job, grade_all

TOOK = pytest.StashKey[str]()  # what the gradings of this run cost, in words


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
    config.addinivalue_line("markers", "every_submission: left out unless --every-submission is given")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--every-submission"):
        return
    left_out = [item for item in items if item.get_closest_marker("every_submission")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def gradings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Job, Grading]:
    """The gradings of all jobs that the selected tests name, done when the first test asks."""
    jobs = [job for item in request.session.items if (job := _job(item)) is not None]
    began = time.monotonic()
    with planted(tmp_path_factory.mktemp("canaries")) as canaries:
        done = grade_all(jobs, tmp_path_factory.mktemp("gradings"), canaries)
    processors = sum(grading.usage.cpu_seconds for grading in done.values())
    took = f"{len(done)} gradings took {time.monotonic() - began:.0f} s, and {processors:.0f} s of processor time"
    request.config.stash[TOOK] = took
    return done


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the gradings cost."""
    if took := config.stash.get(TOOK, ""):
        terminalreporter.write_line(took)


@pytest.fixture
def grading(request: pytest.FixtureRequest, gradings: dict[Job, Grading]) -> Grading:
    """The grading of the job that this test is marked with."""
    job = _job(request.node)
    assert job is not None, "mark the test with @pytest.mark.grades(Job(...))"
    return gradings[job]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser. Mark the tests that ask for it with `browsing.needs_browser`."""
    with browsing.started() as found:
        yield found


def _job(item: pytest.Item) -> Job | None:
    mark = item.get_closest_marker("grades")
    return mark.args[0] if mark else None
