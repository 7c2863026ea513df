"""Grades submissions side by side, each in one of a few warm processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue

from autograder.paths import ROOT
from tests.patches import Change


@dataclass(frozen=True)
class Order:
    """A submission and the checks to run over it, in this order; all of them when there are none.

    It is the reference with `changes`, or the folder `whole`. `stop_early`: not beyond the first that does not pass.
    """

    name: str
    changes: tuple[Change, ...] = ()
    whole: Path | None = None
    checks: tuple[str, ...] = ()
    stop_early: bool = False
    seed: int = 0

    def line(self) -> str:
        fields = asdict(self) | {"changes": [list(asdict(change).values()) for change in self.changes]}
        return json.dumps(fields, default=str) + "\n"


@dataclass(frozen=True)
class Verdict:
    """What became of the checks that were run: outcomes as results have them, and what the student reads under those
    that did not pass.

    `margins`: for each check with numeric comparisons, how much of its tolerance the worst that passed used up, and the
    last one, if it failed; see `margins`.
    """

    outcomes: dict[str, str]
    messages: dict[str, str]
    seconds: float
    reached: dict[str, list[str]] = field(default_factory=dict)
    margins: dict[str, list[float]] = field(default_factory=dict)

    @property
    def blocked(self) -> set[str]:
        return {number for number, outcome in self.outcomes.items() if outcome == "blocked"}

    @property
    def faults(self) -> set[str]:
        """The checks in which the grader itself failed."""
        return {number for number, outcome in self.outcomes.items() if outcome == "grader error"}

    @property
    def failed(self) -> set[str]:
        """The checks that lay the blame on something."""
        return {
            number for number, outcome in self.outcomes.items() if outcome not in ("passed", "blocked")
        } - self.faults


class Bench(AbstractContextManager["Bench"]):
    """A few processes, each with torch imported and the checks collected."""

    def __init__(self, processes: int, *, trace: bool = False, device: str = "cpu") -> None:
        command = [sys.executable, "-m", "tests.zoo.bench_process", "--device", device, *(["--trace"] if trace else [])]
        self._processes = [
            subprocess.Popen([*command, *core], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for core in _cores(processes)
        ]
        self._idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def grade(self, orders: Iterable[Order]) -> Iterator[tuple[Order, Verdict]]:
        """Grade them, in the order given; each comes back as soon as it is done."""
        with ThreadPoolExecutor(len(self._processes)) as threads:
            under_way = {threads.submit(self._ask, order): order for order in orders}
            try:
                for done in as_completed(under_way):
                    yield under_way[done], done.result()
            finally:
                threads.shutdown(cancel_futures=True)

    def _ask(self, order: Order) -> Verdict:
        process = self._idle.get()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(order.line())
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            self._idle.put(process)  # also when it ended: whoever waits for one would wait for ever
        if not line:
            raise RuntimeError(f"{order.name}: the process that graded it ended, with status {process.wait()}")
        return Verdict(**json.loads(line))

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.communicate()


def _cores(processes: int) -> list[list[str]]:
    """An argument for each process, that keeps it and its workers on a core of its own, where there are as many.

    It waits while its worker computes, so they never need two, and to wake one another on the same takes a tenth less
    of a grading's time.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [["--core", str(core)] for core in cores[:processes]] if len(cores) >= processes > 1 else [[]] * processes
