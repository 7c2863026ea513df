"""What the protections against submissions cost: the reference is graded with all of them and with none, in turn.

    python -m tests.benchmarks.protections --pairs 5

Without protections a worker has the grader's user, no limits, no filter of system calls, an open file system, nobody
looks at its folder, and nothing notices what it replaces. The two gradings of a pair follow one another and change
places in every other pair, so that what else the machine does falls on both. Run it as root, or there is little to
switch off.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from autograder import paths
from autograder.fresh_start import hand_over
from autograder.sandbox import privileges

ON, OFF = True, False
STARTS = 60  # of workers; the first ones warm up
WARM_UP = 10


def switch_off() -> None:
    """Take the protections out of this process and those that it forks. Only a test can do that."""
    from autograder.sandbox import guard, scratch, seal, worker

    privileges.can_change_user = lambda: False
    worker.confine = lambda *_: []
    scratch.Scratch.check = lambda self: None  # type: ignore[method-assign]
    seal.take = lambda: (lambda midway=False: None, frozenset())
    guard.install = lambda functions: None


def graded(protected: bool, *, training: bool) -> tuple[float, float]:
    """Wall-clock and processor seconds of one grading in a fresh process, all that it starts included."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        began = time.monotonic()
        child = _forked(lambda: _grade(protected, Path(folder), training))
        _, status, usage = os.wait4(child, 0)
        seconds = time.monotonic() - began
        assert status == 0, f"the grader failed: {(Path(folder) / 'printed.txt').read_text()[-2000:]}"
        results = json.loads((Path(folder) / "out" / "results.json").read_text())
    outcomes = {test["extra_data"]["outcome"] for test in results["tests"] if "number" in test}
    assert outcomes <= {"passed", "not run"}, f"not the points of a solution: {outcomes}"
    return seconds, usage.ru_utime + usage.ru_stime


def _grade(protected: bool, folder: Path, training: bool) -> int:
    from autograder.grading.launcher import grade
    from autograder.grading.request import GradeRequest

    printed = os.open(folder / "printed.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    if not protected:
        switch_off()
    return grade(
        GradeRequest(
            submission=paths.REFERENCE,
            out=folder / "out",
            device="cpu",
            without_training=not training,
            seed_from=hand_over(1),
            on_platform=False,
            started=time.monotonic(),
        )
    )


def starts(protected: bool) -> list[float]:
    """Seconds from asking a warm zygote for a worker to the answer to its first call, once for each of some workers."""
    reading, writing = os.pipe()
    child = _forked(lambda: _start_workers(protected, writing))
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, "workers could not be started"
    found: list[float] = json.loads(text)
    return found


def _start_workers(protected: bool, writing: int) -> int:
    from autograder.sandbox.handle import RemoteSubmission
    from autograder.sandbox.zygote import Zygote

    if not protected:
        switch_off()
    seconds = []
    with Zygote.start() as zygote, RemoteSubmission(zygote, paths.REFERENCE) as submission:
        for _ in range(STARTS):
            submission.session.fresh()
            began = time.monotonic()
            submission.tokenizer.get_vocab("ab")
            seconds.append(time.monotonic() - began)
    os.write(writing, json.dumps(seconds[WARM_UP:]).encode())
    return 0


def _forked(do: Callable[[], int]) -> int:
    """A child that does this with nothing imported before: the heavy imports are part of a grading."""
    assert "torch" not in sys.modules
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = do()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def ratios(pairs: int, *, training: bool) -> dict[str, list[float]]:
    """With protections by without, for each pair: of the wall clock and of the processors' time."""
    found: dict[str, list[float]] = {"wall clock": [], "processor": []}
    for pair in tqdm(range(pairs), unit=" pairs"):
        order = (ON, OFF) if pair % 2 == 0 else (OFF, ON)
        seconds = {protected: graded(protected, training=training) for protected in order}
        for name, on, off in zip(found, seconds[ON], seconds[OFF], strict=True):
            found[name].append(on / off)
            tqdm.write(f"{name}: {on:.2f} s with, {off:.2f} s without")
    return found


def spread(numbers: Sequence[float]) -> str:
    """Median, quartiles and extremes."""
    quarters = statistics.quantiles(numbers, n=4) if len(numbers) > 1 else [numbers[0]] * 3
    low, middle, high = (f"{quarter:.3f}" for quarter in quarters)
    return f"median {middle}, half of them from {low} to {high}, all from {min(numbers):.3f} to {max(numbers):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Measures what the protections against submissions cost.")
    parser.add_argument("--pairs", type=int, default=5, help="of gradings, each with and without (5)")
    parser.add_argument("--without-training", action="store_true", help="leave the short trainings out")
    options = parser.parse_args(arguments)
    if not privileges.can_change_user():
        print("note: not root, so there is little to switch off", file=sys.stderr)
    found = ratios(options.pairs, training=not options.without_training)
    for name, numbers in found.items():
        print(f"{name}, with protections by without: {spread(numbers)}")
    for title, protected in (("with", ON), ("without", OFF)):
        milliseconds = [1000 * seconds for seconds in starts(protected)]
        print(f"a warm worker's start {title} protections, first call included, ms: {spread(milliseconds)}")


if __name__ == "__main__":
    main()
