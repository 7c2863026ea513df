"""Grades many submissions from one warm process: torch is imported once, and each grading is a fork of it.

    python -m tests.grade_many JOBS.json --processes FILE [--imported]

JOBS.json is a list of objects with `submission`, `out`, `without_training`, `seed_file`, `on_platform`, `reported`,
`settings` (another assignment.toml, or null), `checks` (the numbers of those to run, or null for all) and `waits` (it
sleeps rather than computes, so it is graded beside the others). FILE says how many are graded at a time, and may change
meanwhile. `--imported`: the grader is imported once, not by each grading. Workers inherit it then, which hostile
submissions must not; without, only the libraries that it uses are imported once, and no worker finds them.
Into each `out` go `exit_code`, `printed.txt` with what the grading printed, and `usage.json` with what it cost and left
behind.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from typing import Any, NoReturn

from autograder import paths
from autograder.fresh_start import start_again
from autograder.grading.launcher import grade
from autograder.grading.request import GradeRequest
from autograder.sandbox import hugepages, nursery, privileges
from autograder.sandbox.zygote import Zygote
from tests.traces import files_of, processes_of

WAITING_ONES = 3  # at a time, beside those that compute
OF_THE_GRADER = ("gradescope_utils.autograder_utils.decorators", "pydantic.dataclasses", "pytest", "rich.console")
IDS_EACH = 10_000  # user ids for the workers of one grading; about 250 are needed
PAUSE = 0.02  # seconds
KILOBYTES = 1024 if sys.platform == "darwin" else 1  # in one unit of ru_maxrss


@dataclass(frozen=True)
class Running:
    """A grading under way. `ids` are the user ids that its workers get, `temporary` is where it keeps its files."""

    job: dict[str, Any]
    ids: range
    temporary: Path
    started: float


def main(jobs_file: Path, processes: Path, *, imported: bool) -> int:
    """Run the jobs, as many at a time as stands in `processes`. Returns how many could not be graded."""
    privileges.die_with(os.getppid())
    nursery.preload()
    if imported:
        import autograder.grading.prepare
        import autograder.grading.run  # noqa: F401
    else:
        _import_for_graders_only()
    hugepages.collapse()  # the zygotes of the gradings will need no more than to keep it so
    privileges.adopt_orphans()  # what a grading leaves behind becomes a child of this process
    waiting: list[dict[str, Any]] = json.loads(jobs_file.read_text())
    starts = random.SystemRandom().sample(range(0, len(privileges.UNUSED_IDS), IDS_EACH), len(waiting))
    running: dict[int, Running] = {}
    failed = 0
    while waiting or running:
        at_a_time = int(processes.read_text() or 1)  # empty while it is written
        for job in _that_fit(waiting, running, at_a_time):
            waiting.remove(job)
            start = starts.pop()
            pid, started = _start(job, privileges.UNUSED_IDS[start : start + IDS_EACH])
            running[pid] = started
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if pid == 0:
            time.sleep(PAUSE)
        elif pid in running:
            code = os.waitstatus_to_exitcode(status)
            _note(running.pop(pid), code, usage, set(running))
            failed += code != 0
    return failed


def _import_for_graders_only() -> None:
    """Import what takes the grader long. Its zygotes forget that, so that workers find no more than usual."""
    before = set(sys.modules)
    for name in OF_THE_GRADER:
        importlib.import_module(name)
    added, run = set(sys.modules) - before, nursery.run

    def run_without(channel: socket.socket, names: tuple[str, ...] = nursery.EVERYTHING) -> NoReturn:
        for name in added:
            sys.modules.pop(name, None)
        run(channel, names)

    nursery.run = run_without


def _that_fit(waiting: list[dict[str, Any]], running: dict[int, Running], processes: int) -> list[dict[str, Any]]:
    """The jobs to start now."""
    chosen = []
    for waits, most in ((True, WAITING_ONES), (False, processes)):
        under_way = sum(one.job["waits"] is waits for one in running.values())
        chosen += [job for job in waiting if job["waits"] is waits][: most - under_way]
    return chosen


def _start(job: dict[str, Any], ids: range) -> tuple[int, Running]:
    Path(job["out"]).mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix="grading-"))
    temporary.chmod(0o711)  # workers must get through it to their own folders
    started = time.monotonic()
    grader = os.getpid()
    pid = os.fork()
    if pid == 0:
        _grade(job, ids, temporary, started, grader)
    return pid, Running(job, ids, temporary, started)


def _grade(job: dict[str, Any], ids: range, temporary: Path, started: float, grader: int) -> None:
    status = 99
    try:
        privileges.die_with(grader)
        out = Path(job["out"])
        printed = os.open(out / "printed.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        tempfile.tempdir = str(temporary)
        privileges.UNUSED_IDS = ids
        if job["settings"]:
            assert "autograder.settings" not in sys.modules, "it has read where its settings are"
            paths.SETTINGS = Path(job["settings"])
        if job["checks"] is not None:
            _run_only(set(job["checks"]))
        status = grade(
            GradeRequest(
                submission=Path(job["submission"]),
                out=out,
                device="cpu",
                without_training=job["without_training"],
                seed_from=os.open(job["seed_file"], os.O_RDONLY),
                on_platform=job["on_platform"],
                started=started,
                reported=job["reported"],
            )
        )
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run_only(numbers: set[str]) -> None:
    """Leave all other checks out of the grading that this process is going to do: they are "not run"."""
    start = Zygote.start

    def started() -> Zygote:
        zygote = start()
        # Not before the fork: what is loaded here would be inherited by every worker.
        from autograder.grading.plugin import GradingPlugin

        sort = GradingPlugin.pytest_collection_modifyitems

        def choose(plugin: GradingPlugin, config: Any, items: list[Any]) -> None:
            sort(plugin, config, items)
            _leave_out(plugin.context.ledger, items, numbers)

        GradingPlugin.pytest_collection_modifyitems = choose  # type: ignore[method-assign]
        return zygote

    Zygote.start = started  # type: ignore[method-assign]


def _leave_out(ledger: Any, items: list[Any], numbers: set[str]) -> None:
    from support.checking import describe
    from support.outcomes import Outcome, Record

    infos = [describe(item.function) for item in items]
    because = "Left out: this grading is about other checks."
    ledger.put(*(Record(info, Outcome.NOT_RUN, because) for info in infos if info.number not in numbers))
    items[:] = [item for item, info in zip(items, infos, strict=True) if info.number in numbers]


def _note(ended: Running, code: int, usage: struct_rusage, others: set[int]) -> None:
    """Write down how a grading ended, what it cost, and what it left behind; then clear that away.

    The peak is that of its largest process, and exact: the kernel keeps it for all that were waited for.
    """
    left = [*processes_of(ended.ids), *files_of(ended.ids), *map(str, ended.temporary.iterdir())]
    for pid in _children() - others:
        left.append(f"process {pid} of the grader")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(ended.temporary, ignore_errors=True)
    noted = {
        "seconds": time.monotonic() - ended.started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / KILOBYTES / 1024,
        "left": left,
    }
    out = Path(ended.job["out"])
    (out / "exit_code").write_text(str(code))
    (out / "usage.json").write_text(json.dumps(noted))


def _children() -> set[int]:
    """The children of this process, those of ended gradings included; none where the system does not tell."""
    try:
        return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
    except OSError:
        return set()


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--processes", type=Path, required=True)
    parser.add_argument("--imported", action="store_true")
    parser.add_argument("--secret", help="for nothing but to be left behind by the fresh start")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    options = _arguments(sys.argv[1:])
    if options.secret is not None:
        kept = ["--imported"] if options.imported else []
        start_again([str(options.jobs), "--processes", str(options.processes), *kept])
    sys.exit(main(options.jobs, options.processes, imported=options.imported))
