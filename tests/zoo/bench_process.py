"""One warm process that grades submission after submission: an order a line on stdin, a verdict a line on stdout.

The checks, the sandbox and the way from failures to outcomes are the grader's. What is done once here, not for each
submission, is to import torch, to start the zygote and to collect the checks. The checks of a submission share a
worker, all submissions share the reference's, and nothing is kept secret from submissions.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import pytest
import torch

from autograder.grading.catalogue import load_catalogue
from autograder.grading.ledger import Ledger
from autograder.grading.plugin import GradingPlugin
from autograder.grading.run import CONFIG
from autograder.grading.run_context import RunContext
from autograder.intake import Intake, take_in
from autograder.paths import REFERENCE, ROOT
from autograder.results.facts import RunFacts
from autograder.results.gradescope import document
from autograder.sandbox import nursery
from autograder.sandbox.zygote import Zygote
from autograder.settings import load_settings
from support.checking import Submission, describe
from support.outcomes import Outcome, Record, settle
from tests.patches import Change, write_patched
from tests.zoo.margins import Ruler
from tests.zoo.reach import ANSWERS, DRAWN, Marks

REFERENCE_SECONDS = 600.0  # for what one grading asks of it


class Sheet(Ledger):
    """The records of one grading, of which nothing is written."""

    def write(self, *, lasting: bool = False) -> None:
        pass

    def fault(self, check: str, reason: str) -> None:
        raise RuntimeError(f"{check}: {reason}")

    def passed(self, number: str) -> bool:
        return self._records[number].outcome is Outcome.PASSED

    def settled(self) -> list[Record]:
        """The records of the checks that were run."""
        return [record for record in settle(self._records.values()) if record.outcome is not Outcome.NOT_REACHED]


class ZooContext(RunContext):
    """A run whose worker serves all checks of a device: a fork for each costs more than what the checks compute.

    With a `home` it has the reference of that context, whose process serves submission after submission.
    """

    ledger: Sheet
    home: ZooContext | None = None
    _serves: bool | None = None

    @cached_property
    def reference(self) -> Submission:
        return super().reference if self.home is None else self.home.reference

    @contextmanager
    def fresh_submission(self, number: str, *, on_device: bool = False) -> Iterator[Submission]:
        if on_device is not self._serves:
            self._begin_worker(number, on_device=on_device)
            self._serves = on_device
        with self.time_for(number):
            self._submission.probes.seed_torch(self.seed_for("worker", number))
            yield self._submission


class Bench:
    """A pytest plugin that runs the collected checks over each submission that is ordered."""

    def __init__(self, zygote: Zygote, device: str, orders: TextIO, verdicts: TextIO, marks: Marks | None) -> None:
        self._zygote, self._device = zygote, device
        self._orders, self._verdicts, self._marks = orders, verdicts, marks
        self._ruler = Ruler()
        self._settings, self._catalogue = load_settings(), load_catalogue()
        self._home = self._context(REFERENCE, Intake(), 0)
        self._grading = GradingPlugin(self._home)

    def run(self) -> None:
        """Answer orders until there are no more."""
        self._ruler.install()
        options = ["-c", str(CONFIG), f"--rootdir={ROOT}", "--noconftest", "-p", "pytest_timeout"]
        files = map(str, self._catalogue.files)
        with contextlib.closing(self._home):
            if pytest.main([*options, *files], plugins=[self._grading, self]) not in (0, 1):
                raise RuntimeError("pytest could not do its work")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {describe(item.function).number: item for item in session.items}  # type: ignore[attr-defined]
        reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
        for line in self._orders:
            with tempfile.TemporaryDirectory(prefix="zoo-") as folder:
                verdict = self._grade(json.loads(line), items, Path(folder))
            self._verdicts.write(json.dumps(verdict) + "\n")
            self._verdicts.flush()
            reporter.stats.clear()  # it keeps every report
        return True

    def _grade(self, order: dict[str, Any], items: dict[str, pytest.Item], folder: Path) -> dict[str, Any]:
        started = time.monotonic()
        changes = [Change(*change) for change in order["changes"]]
        submission = Path(order["whole"]) if order["whole"] else write_patched(changes, folder / "submission")
        folder.chmod(0o711)
        intake = take_in(submission, folder / "copy")
        if intake.problems:
            raise RuntimeError(f"{order['name']}: {intake.problems}")
        context = self._grading.context = self._context(folder / "copy", intake, order["seed"])
        context.home, sheet = self._home, context.ledger
        reached, margins = {}, {}
        self._home.reference.probes.seed_torch(order["seed"])
        with contextlib.closing(context), self._home.reference.session.within(REFERENCE_SECONDS):
            for number in order["checks"] or items:
                reached[number] = self._run(items[number])
                margins[number] = self._ruler.take()
                if order["stop_early"] and not sheet.passed(number):
                    break
        settled = sheet.settled()
        return {
            "outcomes": {record.info.number: record.outcome.value for record in settled},
            "messages": self._messages(settled),
            "reached": reached,
            "margins": {number: margin for number, margin in margins.items() if margin},
            "seconds": time.monotonic() - started,
        }

    def _messages(self, records: list[Record]) -> dict[str, str]:
        """What Gradescope shows under each check that did not pass."""
        points = self._settings.points_by_check(self._catalogue.checks)
        shown = document(records, points, dict.fromkeys(points, "visible"), RunFacts(""), hidden=self._catalogue.hidden)
        tests = [test for test in shown["tests"] if "number" in test]
        return {test["number"]: test["output"] for test in tests if test["extra_data"]["outcome"] != "passed"}

    def _run(self, item: pytest.Item) -> list[str]:
        """Run one check; what it entered, where that is noted, and which of answers and random inputs it asked for."""
        if self._marks:
            self._marks.take()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        entered = self._marks.take() if self._marks else []
        asked_for = {"answers": ANSWERS, "rng": DRAWN}
        fixtures: list[str] = item.fixturenames  # type: ignore[attr-defined]
        return [*entered, *(what for name, what in asked_for.items() if name in fixtures)]

    def _context(self, code: Path, intake: Intake, seed: int) -> ZooContext:
        asked_for: Any = SimpleNamespace(
            submission=code, device=self._device, without_training=False, on_platform=False, started=time.monotonic()
        )
        sheet = Sheet(asked_for, self._settings, self._catalogue)
        given = intake.answers, seed, intake.answers_problem
        return ZooContext(asked_for, self._settings, self._catalogue, sheet, self._zygote, code, *given)


def main() -> None:
    """Read orders from stdin. With `--trace`, verdicts say which functions of the submission each check entered."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    nursery.preload()
    marks = Marks() if options.trace else None
    if marks:
        marks.record()
    with Zygote.start() as zygote:
        if marks:
            marks.stop()
        torch.set_num_threads(1)  # as in a grading
        orders, verdicts = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
        with contextlib.redirect_stdout(io.StringIO()):
            Bench(zygote, options.device, orders, verdicts, marks).run()


if __name__ == "__main__":
    main()
