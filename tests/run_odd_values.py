"""Lets every check meet odd answers from a forged submission, and reports what it made of them.

    python -m tests.run_odd_values --every
    python -m tests.run_odd_values --checks 3.4 5.7 --share 20

The last line is a JSON object: how many `cases` there were, the `slowest`, and the `wrong` ones: a check raised
something else than that the submission is at fault, took too long, or passed on nonsense.
A process of its own: the reference is imported as `charlm`, and the simulated accelerator comes first of all.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import signal
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from autograder import paths
from autograder.bands import Band
from autograder.checks import answer_trainings
from autograder.grading.catalogue import load_catalogue
from autograder.grading.training import Trainings
from autograder.training_setting import TrainingSetting
from support.checking import CheckFailure, SubmissionError, describe
from support.outcomes import record_of
from tests.forged_submission import ForgedSubmission, ForgingServer, honest
from tests.odd_values import ANSWER, ANSWERS, odd_answers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECONDS = 2  # for one check with one odd answer
LONGEST_TEXT = 1_000_000
NONSENSE = ("None", "an object", "zero bytes", "a tensor of rank 60")
NOT_LOOKED_AT = {
    *("probes.set_parameters()", "probes.remove_doubles()", "probes.seed_torch()", "Module.train()", "Module.eval()"),
    "_Thing()",  # what an odd `eval` gives when it is called
    # What these do to a model counts, not what they return; that is for other checks.
    *("2.3 training.estimate_loss()", "2.4 training.estimate_loss()", "2.13 training.estimate_loss()"),
    *("2.8 training.train()", "2.9 training.train()", "2.10 training.train()", "2.16 training.train()"),
    *("2.17 training.train()", "6.16 TransformerLM()"),
}
"""Of which an answer may be nonsense and the check pass; but for checks that try again with stand-ins."""
LETTERS = "\n !$&'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TINY = TrainingSetting(8, 2, 1, 4, 4, 3, 0.01, 2, 1, 64)

Forgery = tuple[str, str, bool]
"""What is asked, the name of the odd answer, and whether the first answer is honest."""


class TooSlow(Exception):
    """A check took too much processor time."""


class _AnyBands:
    """Bands that every number fits, so that checks of trainings look at everything."""

    def band(self, kind: str, quantity: str) -> Band:
        return Band(-1e9, 1e9, 0.0, 1.0, 100, 1e-7)


@dataclass(frozen=True)
class Case:
    """One check, with these answers forged."""

    check: str
    forgeries: tuple[Forgery, ...] = ()

    def __str__(self) -> str:
        told = "; ".join(f"{asked}{' later' if later else ''}: {name}" for asked, name, later in self.forgeries)
        return f"{self.check} {told}"


class Run:
    """Runs one case and remembers what was asked, and the first answer to each question."""

    def __init__(self, function: Callable[..., None], case: Case) -> None:
        self._function, self._case = function, case
        self.asked: dict[str, Any] = {}
        self.often: set[str] = set()
        self.tries_again = False

    def outcome(self) -> BaseException | None:
        signal.setitimer(signal.ITIMER_PROF, SECONDS, 1.0)  # again and again: a finaliser swallows exceptions
        try:
            self._function(**self._fixtures())
        except BaseException as error:
            return error
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _put_parts_back()
        return None

    def forge(self, asked: str, before: int, answer: Any) -> Any:
        self.asked.setdefault(asked, answer)
        self.often |= {asked} if before else set()
        for what, name, later in self._case.forgeries:
            once = name.startswith(("10**", "20 MB"))  # these take long
            if what == asked and (before == later if once else before >= later):
                return dict(odd_answers(answer)).get(name, lambda: answer)()
        return answer

    def _fixtures(self) -> dict[str, Any]:
        torch.manual_seed(0)
        makers: dict[str, Callable[[], Any]] = {
            "submission": lambda: ForgedSubmission(paths.REFERENCE, self.forge),
            "reference": lambda: ForgedSubmission(paths.REFERENCE, honest, trusted=True),
            "rng": lambda: torch.Generator().manual_seed(zlib.crc32(self._case.check.encode())),
            "device": lambda: "gpu",
            "corpus": lambda: LETTERS * 10,
            "held_out": lambda: LETTERS * 60,
            "answers": _right_answers,
            "trained": self._trainings,
        }
        return {name: makers[name]() for name in inspect.signature(self._function).parameters}

    def _trainings(self) -> Trainings:
        submission = ForgedSubmission(paths.REFERENCE, self.forge)
        self.tries_again = True
        trainings = Trainings(submission, TINY, "cpu", LETTERS * 30, LETTERS * 30, 0)  # type: ignore[arg-type]
        vars(trainings)["_bands"] = _AnyBands()
        return trainings


def _right_answers() -> dict[str, Any]:
    return tomllib.loads((paths.REFERENCE / "answers.toml").read_text(encoding="utf-8"))


def _is_nonsense(case: Case) -> bool:
    """Whether a whole answer, which is looked at, is nothing that it could be."""
    return any(
        name in NONSENSE and not {what, f"{case.check} {what}"} & NOT_LOOKED_AT for what, name, _ in case.forgeries
    )


def _put_parts_back() -> None:
    from support import probes

    probes.remove_doubles()


def checks() -> dict[str, Callable[..., None]]:
    """Every check's function by number."""
    found = {}
    for path in load_catalogue().files:
        package = "autograder.checks." if path.parent == paths.HIDDEN_CHECKS else ""
        module = importlib.import_module(package + path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(function):
                found[describe(function).number] = function
    return dict(sorted(found.items(), key=lambda item: describe(item[1]).order))


def cases(asked: Iterable[tuple[str, Any, bool]], under: Case) -> Iterator[Case]:
    """The case `under` with every odd answer to each of the questions."""
    for what, answer, often in asked:
        for name, _ in odd_answers(answer):
            for later in (False, True) if often else (False,):
                yield Case(under.check, (*under.forgeries, (what, name, later)))


class Report:
    """What came of the cases."""

    def __init__(self, share: int, values: list[str] | None) -> None:
        self._share, self._values = share, values
        self.cases = 0
        self.wrong: list[str] = []
        self.slowest = (0.0, "")

    def run(self, number: str, function: Callable[..., None]) -> None:
        """All cases of one check: for what it asks, and for what it asks only after an odd answer."""
        first = Run(function, Case(number))
        self._judge(Case(number), first.outcome(), may_pass=True)
        known = set(first.asked)
        for case in cases([(what, first.asked[what], what in first.often) for what in first.asked], Case(number)):
            found = self._one(function, case)
            new = [] if found is None else [what for what in found.asked if what not in known]
            known |= set(new)
            if found is not None:
                for deeper in cases([(what, found.asked[what], False) for what in new], case):
                    self._one(function, deeper)

    def answers(self, number: str, function: Callable[..., None]) -> None:
        """All cases of a check of answers.toml: other tables, and other values in the place of each answer."""
        right, arguments = _right_answers(), {}
        if "reference" in inspect.signature(function).parameters:
            arguments["reference"] = ForgedSubmission(paths.REFERENCE, honest, trusted=True)
        if "device" in inspect.signature(function).parameters:
            arguments["device"] = "gpu"
        if "rng" in inspect.signature(function).parameters:
            arguments["rng"] = torch.Generator().manual_seed(0)
        table = f"problem_{number.partition('.')[0]}"
        every = {**ANSWERS, **{repr(odd)[:20]: {table: dict.fromkeys(right[table], odd)} for odd in ANSWER}}
        for name, odd in every.items():
            case = Case(number, (("answers.toml", name, False),))
            try:
                function(answers=odd, **arguments)
                self._judge(case, None, may_pass=False)
            except Exception as error:
                self._judge(case, error)

    def _one(self, function: Callable[..., None], case: Case) -> Run | None:
        if self._values is not None and case.forgeries[-1][1] not in self._values:
            return None
        if zlib.crc32(str(case).encode()) % self._share:
            return None
        run, began = Run(function, case), time.monotonic()
        error = run.outcome()
        tries_again = run.tries_again or "probes.install_doubles()" in run.asked
        self._judge(case, error, may_pass=tries_again or not _is_nonsense(case))
        self.slowest = max(self.slowest, (time.monotonic() - began, str(case)))
        return run

    def _judge(self, case: Case, error: BaseException | None, *, may_pass: bool = True) -> None:
        self.cases += 1
        if error is None:
            if not may_pass:
                self.wrong.append(f"{case} -> passed")
        elif not isinstance(error, (CheckFailure, SubmissionError)):
            self.wrong.append(f"{case} -> {type(error).__name__}: {error}"[:600])
        else:
            record = record_of(describe(FUNCTIONS[case.check]), error)
            text = (record.message + record.values).encode()
            if len(text) > LONGEST_TEXT:
                self.wrong.append(f"{case} -> a message of {len(text)} bytes")


FUNCTIONS: dict[str, Callable[..., None]] = {}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.run_odd_values")
    parser.add_argument("--every", action="store_true", help="all cases, not a fixed sample of them")
    parser.add_argument("--share", type=int, default=40, help="one of how many cases, without --every")
    parser.add_argument("--checks", nargs="*", help="only these")
    parser.add_argument("--values", nargs="*", help="only these odd answers, by name")
    options = parser.parse_args()
    sys.path[:0] = [str(paths.REFERENCE), str(paths.PUBLIC_CHECKS)]
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    from support.simulated_device import activate

    activate()
    signal.signal(signal.SIGPROF, _too_slow)
    FUNCTIONS.update(checks())
    for name in ("train_leak", "memorising"):  # experiments with the reference, whatever the answers are
        setattr(answer_trainings, name, _once(getattr(answer_trainings, name)))
    report = Report(1 if options.every else options.share, options.values)
    began = time.monotonic()
    for number, function in FUNCTIONS.items():
        if not options.checks or number in options.checks:
            before, started = report.cases, time.monotonic()
            takes_answers = "answers" in inspect.signature(function).parameters
            (report.answers if takes_answers else report.run)(number, function)
            seconds = time.monotonic() - started
            print(f"{number}: {report.cases - before} cases, {seconds:.1f} s", file=sys.stderr, flush=True)
    print(
        json.dumps(
            {
                "cases": report.cases,
                "seconds": round(time.monotonic() - began, 1),
                "slowest": report.slowest,
                "wrong": report.wrong,
            }
        )
    )


def _once(experiment: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The experiment, done at the first call: it comes to the same for every session with the reference."""
    found: list[Any] = []

    def first(reference: Any) -> Any:
        if not found:
            found.append(experiment(reference))
        return found[0]

    return first


def _too_slow(number: int, frame: object) -> None:
    """In the server it ends what the submission does, as the real session would; else it ends the check."""
    if ForgingServer.busy:
        signal.setitimer(signal.ITIMER_PROF, SECONDS, 1.0)
    raise TooSlow(f"more than {SECONDS} seconds")


if __name__ == "__main__":
    main()
