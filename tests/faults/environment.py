"""Surroundings that are odd: streams, folders, clocks, limits, variables."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import random
import resource
import sys
import time
from importlib import metadata

from tests.faults.cases import harmless, not_graded
from tests.faults.stage import Stage, after_check, before
from tests.faults.strike import at_strike


@harmless()
def streams_are_closed(stage: Stage) -> None:
    for descriptor in range(3):
        os.close(descriptor)
    sys.stdin = sys.stdout = sys.stderr = None  # type: ignore[assignment]


def stdout_is(descriptor: int) -> None:
    os.dup2(descriptor, 1)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115


@harmless(printed="the results could not be printed")
def nobody_reads_what_is_printed(stage: Stage) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stdout_is(writing)


@harmless(printed="the results could not be printed: OSError.28")
def disk_is_full_for_what_is_printed(stage: Stage) -> None:
    stdout_is(os.open("/dev/full", os.O_WRONLY))


@harmless()
def nobody_reads_errors(stage: Stage) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.dup2(writing, 2)


@not_graded("PFGPP-", "ZeroDivisionError", printed="")
def nobody_reads_errors_of_a_run_with_a_fault(stage: Stage) -> None:
    nobody_reads_errors(stage)
    at_strike(lambda: 1 / 0)  # type: ignore[arg-type,return-value]


@harmless()
def output_has_few_letters(stage: Stage) -> None:
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), encoding="ascii")  # noqa: SIM115
    renamed = stage.folder / "Lösung 北"
    os.rename(stage.folder / "submission", renamed)
    (stage.folder / "submission").symlink_to(renamed)


@harmless()
def current_folder_is_gone(stage: Stage) -> None:
    folder = stage.folder / "gone"
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()


@harmless()
def current_folder_cannot_be_written_to(stage: Stage) -> None:
    os.chdir("/proc")


@harmless()
def current_folder_has_look_alikes(stage: Stage) -> None:
    folder = stage.folder / "look-alikes"
    folder.mkdir()
    for name in ("conftest.py", "torch.py", "pytest_timeout.py", "sitecustomize.py"):
        (folder / name).write_text("raise SystemExit(1)")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    os.chdir(folder)


@harmless()
def home_is_missing(stage: Stage) -> None:
    for name in ("HOME", "USER", "LOGNAME", "PATH", "LANG"):
        os.environ.pop(name, None)


@harmless()
def home_is_nowhere(stage: Stage) -> None:
    os.environ["HOME"] = str(stage.folder / "nowhere")


@harmless()
def temporary_folder_is_nowhere(stage: Stage) -> None:
    os.environ["TMPDIR"] = str(stage.folder / "nowhere")


@harmless()
def options_of_pytest_stand_in_the_environment(stage: Stage) -> None:
    os.environ["PYTEST_ADDOPTS"] = "--collect-only"
    os.environ["PYTEST_PLUGINS"] = "no_such_plugin"


@harmless(platform=True)
def platforms_metadata_are_missing(stage: Stage) -> None:
    pass


@harmless(platform=True)
def platforms_metadata_are_garbage(stage: Stage) -> None:
    (stage.folder / "submission_metadata.json").write_text('{"id": ')


@harmless()
def packages_have_no_metadata(stage: Stage) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    metadata.version = missing


def jumps(moments: itertools.cycle[float]) -> None:
    """Set the wall clock anew at each look, everywhere."""
    time.time = lambda: next(moments)
    time.time_ns = lambda: int(next(moments) * 1e9)


@harmless()
def clock_goes_backwards(stage: Stage) -> None:
    now = time.time()
    jumps(itertools.cycle(now - 3600 * number for number in range(100)))


@harmless()
def clock_jumps_forwards(stage: Stage) -> None:
    now = time.time()
    jumps(itertools.cycle(now + 86400 * number for number in range(100)))


@harmless()
def clock_jumps_by_decades(stage: Stage) -> None:
    draw = random.Random(0)
    jumps(itertools.cycle([draw.uniform(0, 4e9) for _ in range(100)]))


def few_descriptors(more: int) -> None:
    """Leave room for so many more open files."""
    used = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1 + more, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    filling = []
    with contextlib.suppress(OSError):
        while True:
            filling.append(os.dup(0))
    for descriptor in filling[len(filling) - more :]:
        os.close(descriptor)


@not_graded("NNNNNN", "Too many open files")
def too_few_descriptors_for_intake(stage: Stage) -> None:
    before("collect", "_open", lambda: few_descriptors(1))


@not_graded("NNNNNN", "Too many open files")
def too_few_descriptors_for_intakes_folder(stage: Stage) -> None:
    before("collect", "_collect", lambda: few_descriptors(0))


@not_graded("PFGPG-", "Too many open files")
def too_few_descriptors_in_the_middle(stage: Stage) -> None:
    at_strike(lambda: few_descriptors(0))


@not_graded("PFGPP-", "Too many open files")
def too_few_descriptors_for_a_moment(stage: Stage) -> None:
    before_it = resource.getrlimit(resource.RLIMIT_NOFILE)
    at_strike(lambda: few_descriptors(0))
    after_check("1.3", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before_it))
