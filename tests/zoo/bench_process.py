"""One warm process that grades submission after submission: an order a line on stdin, a verdict a line on stdout.

The checks, the sandbox and the way from failures to outcomes are the grader's. What is done once here, not for each
submission, is to import torch, to start the zygote and to collect the checks. The checks of a submission share
workers, also at other seeds; one that does not pass is run again in a worker of its own. The reference's answers are
remembered, and nothing is kept secret from submissions.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import itertools
import json
import os
import time
from typing import Any, TextIO

import pytest
import torch

from autograder.grading.catalogue import load_catalogue
from autograder.grading.plugin import GradingPlugin
from autograder.grading.run import CONFIG
from autograder.paths import ROOT
from autograder.results.facts import RunFacts
from autograder.results.gradescope import document
from autograder.sandbox import nursery
from autograder.sandbox.zygote import Zygote
from autograder.settings import load_settings
from support.checking import describe
from support.outcomes import Outcome, Record
from tests.zoo.bench_context import Stall
from tests.zoo.margins import Ruler
from tests.zoo.reach import ANSWERS, DRAWN, Marks

REFERENCE_SECONDS = 600.0  # for what one grading asks of it


class Bench:
    """A pytest plugin that runs the collected checks over each submission that is ordered."""

    def __init__(self, zygote: Zygote, device: str, orders: TextIO, verdicts: TextIO, marks: Marks | None) -> None:
        self._orders, self._verdicts, self._marks = orders, verdicts, marks
        self._ruler = Ruler()
        self._settings, self._catalogue = load_settings(), load_catalogue()
        self._points = self._settings.points_by_check(self._catalogue.checks)
        self._visible = dict.fromkeys(self._points, "visible")
        self._stall = Stall(zygote, device, self._settings, self._catalogue)
        self._grading = GradingPlugin(self._stall.home)

    def run(self) -> None:
        """Answer orders until there are no more."""
        self._ruler.install()
        options = ["-c", str(CONFIG), f"--rootdir={ROOT}", "--noconftest", "-p", "pytest_timeout", "--capture=no"]
        files = map(str, self._catalogue.files)
        with contextlib.closing(self._stall):
            if pytest.main([*options, *files], plugins=[self._grading, self]) not in (0, 1):
                raise RuntimeError("pytest could not do its work")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {describe(item.function).number: item for item in session.items}  # type: ignore[attr-defined]
        reporter: Any = session.config.pluginmanager.getplugin("terminalreporter")
        gc.freeze()  # what was imported and collected stays: to look at all of it again and again takes a while
        for line in self._orders:
            verdict = self._grade(json.loads(line), items)
            self._verdicts.write(json.dumps(verdict) + "\n")
            self._verdicts.flush()
            reporter.stats.clear()  # it keeps every report
        return True

    def _grade(self, order: dict[str, Any], items: dict[str, pytest.Item]) -> dict[str, Any]:
        started = time.monotonic()
        context = self._grading.context = self._stall.enter(order)
        reference, reached, margins = self._stall.home.recalling, {}, {}
        with reference.within(REFERENCE_SECONDS):
            numbers = order["checks"] or list(items)
            for number, following in itertools.zip_longest(numbers, numbers[1:]):
                context.following = following and (following, "device" in _fixtures(items[following]))
                is_trained = number in self._catalogue.trained  # what it asks is never asked again
                reference.begin(context.seed_for("reference", number), None if is_trained else number)
                # What the next check has in common with this one stays set up; an order that may end here has none.
                behind = None if order["stop_early"] else items.get(following)
                reached[number] = self._run(items[number], behind)
                if not is_trained and not context.ledger.passed(number):
                    # What an earlier check left behind in the worker is not to be the reason.
                    self._ruler.take()
                    reference.begin(context.seed_for("reference", number), number)
                    with context.apart():
                        self._run(items[number], behind)
                margins[number] = self._ruler.take()
                if order["stop_early"] and not context.ledger.passed(number):
                    break
        settled = context.ledger.settled()
        return {
            "outcomes": {record.info.number: record.outcome.value for record in settled},
            "messages": self._messages(settled),
            "reached": reached,
            "margins": {number: margin for number, margin in margins.items() if margin},
            "seconds": time.monotonic() - started,
        }

    def _messages(self, records: list[Record]) -> dict[str, str]:
        """What Gradescope shows under each check that did not pass."""
        records = [record for record in records if record.outcome is not Outcome.PASSED]
        shown = document(records, self._points, self._visible, RunFacts(""), hidden=self._catalogue.hidden)
        return {test["number"]: test["output"] for test in shown["tests"] if "number" in test}

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> list[str]:
        """Run one check; what it entered, where that is noted, and which of answers and random inputs it asked for."""
        if self._marks:
            self._marks.take()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        entered = self._marks.take() if self._marks else []
        asked_for = {"answers": ANSWERS, "rng": DRAWN}
        return [*entered, *(what for name, what in asked_for.items() if name in _fixtures(item))]


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames  # type: ignore[attr-defined,no-any-return]


def main() -> None:
    """Read orders from stdin. With `--trace`, verdicts say which functions of the submission each check entered."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--core", type=int, help="the only one that it and its workers run on")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
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
