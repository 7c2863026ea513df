"""How often `diff` is right, over the zoo: python -m tests.diff_accuracy [--only NAME ...] [--unseen N]

For each planted mistake: is the first red row, on its own, in the mistake's problem, and is the likely cause the
mistake itself where the list of causes has it (under the zoo's name), and none where it has not? The reference and
every correct variant must be green throughout. Exits with 1 when a bar is missed.

With `--unseen`, instead: N of the mechanical mutants, none of which was made with the list of causes in mind. A cause
that lies in another function than the mutant's change is wrong; the others are printed, for a person to judge.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from autograder.diff.common_mistakes import load_causes
from autograder.paths import REFERENCE, ROOT
from tests.patches import Change, write_patched
from tests.zoo.animals import Mistake, Variant, load_mistakes, load_variants
from tests.zoo.mutants import Mutant, load_mutants

sys.path.append(str(ROOT / "student_template" / "tests"))

FIRST_RED, CAUSE = 0.95, 0.80  # the bars


@dataclass(frozen=True)
class Found:
    """What `diff` made of one submission: its red rows (id, problem), where its flow parts, the causes it names."""

    name: str
    red: list[tuple[str, int]]
    parts_at: str
    causes: list[str]
    seconds: float
    cause_seconds: float


_differ: Any = None


def start() -> None:
    """Make a process ready: everything imported, the reference observed."""
    global _differ
    from autograder.sandbox.zygote import Zygote

    zygote = Zygote.start()
    torch.set_num_threads(1)
    from autograder.diff.differ import Differ, reference_side

    _differ = Differ(zygote, reference_side())
    _ = _differ.expected


def look(order: tuple[str, tuple[Change, ...], Path | None]) -> Found:
    """Compare one submission with the reference."""
    from autograder.diff.causes import likely
    from autograder.diff.compare import Verdict
    from autograder.diff.differ import Side, answers_in
    from autograder.diff.rows import first_divergence

    name, changes, whole = order
    with tempfile.TemporaryDirectory(prefix="diff-") as folder:
        code = whole or write_patched(changes, Path(folder))
        began = time.monotonic()
        found = _differ.compare(Side(name, code, answers_in(code)))
        compared = time.monotonic()
        causes = likely(_differ, found, load_causes()) or []
    red = [(row.id, row.problem) for row in found.rows if row.own.verdict is Verdict.DIFFERENT]
    parts = first_divergence(found.rows)
    named = [cause.name for cause in causes]
    return Found(name, red, parts.id if parts else "", named, time.monotonic() - began, time.monotonic() - compared)


def run(orders: Sequence[tuple[str, tuple[Change, ...], Path | None]], processes: int) -> list[Found]:
    """Compare them all, side by side in warm processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=start) as pool:
        return list(pool.map(look, orders))


def judge(mistakes: Sequence[Mistake], variants: Sequence[Variant], processes: int) -> bool:
    """Print the figures, and what is not as it should be; whether all bars are met."""

    known = {name: cause.name for cause in load_causes() for name in (cause.name, *cause.also)}
    orders = [(mistake.name, (mistake.change,), None) for mistake in mistakes]
    correct = [("the reference", (), REFERENCE), *((v.name, v.changes, v.whole) for v in variants)]
    found = run([*orders, *correct], processes)
    planted, right = found[: len(mistakes)], found[len(mistakes) :]
    listed = [f for f in planted if f.name in known]
    in_problem = [f for f, m in zip(planted, mistakes, strict=True) if f.red and f.red[0][1] == m.problem]
    alone = [f for f in planted if len(f.red) == 1]
    named = [f for f in listed if f.causes == [known[f.name]]]
    among = [f for f in listed if known[f.name] in f.causes and len(f.causes) > 1]
    wrong = [f for f in planted if f.causes and known.get(f.name) not in f.causes]
    green = [f for f in right if not f.red and not f.parts_at]
    print(f"first red row in the mistake's problem: {_share(in_problem, planted)}")
    print(f"exactly one red row:                    {_share(alone, planted)}")
    print(f"likely cause named, of those listed:    {_share(named, listed)}; one of several: {len(among)}")
    print(f"another cause named:                    {_share(wrong, planted)}")
    print(f"reference and correct variants green:   {_share(green, right)}")
    times = sorted(f.seconds for f in found)
    print(f"seconds for one, warm: {sum(times) / len(times):.2f} on average, {times[-1]:.2f} at most")
    for one in found:
        if one in wrong or (one in planted and one not in in_problem) or (one in right and one not in green):
            print(f"  look at {one.name}: red {one.red}, parts at {one.parts_at!r}, causes {one.causes}")
        elif one in listed and one not in named:
            print(f"  not named: {one.name}: red {one.red}, causes {one.causes}")
    enough = len(in_problem) >= FIRST_RED * len(planted) and len(named) >= CAUSE * len(listed)
    return enough and not wrong and len(green) == len(right)


def judge_unseen(count: int, processes: int) -> bool:
    """Print which causes are named for mutants that no cause is the same program as; whether all lie where they are."""
    from autograder.diff.causes import changed

    causes = {cause.name: cause for cause in load_causes()}
    programs = set()
    for cause in causes.values():
        module = cause.function.partition(".")[0]
        programs.add(ast.dump(ast.parse(changed((REFERENCE / "charlm" / f"{module}.py").read_text("utf-8"), cause))))
    unseen = [m for m in load_mutants() if m.problem and ast.dump(ast.parse(m.change.new)) not in programs]
    mutants = random.Random(0).sample(unseen, min(count, len(unseen)))
    found = run([(mutant.id, (mutant.change,), None) for mutant in mutants], processes)
    pairs = list(zip(found, mutants, strict=True))
    named = [(one, mutant) for one, mutant in pairs if one.causes]
    wrong = [(one, m) for one, m in named if not any(_within(m, causes[name].function) for name in one.causes)]
    print(f"mutants that differ: {sum(bool(one.red) for one in found)} of {len(found)}")
    print(f"a cause named: {len(named)}; one that lies elsewhere: {len(wrong)}")
    for one, mutant in named:
        said = "; or ".join(causes[name].say for name in one.causes)
        print(f"  {'WRONG ' if (one, mutant) in wrong else ''}{mutant.id}\n    red {one.red[0][0]}: {said}")
    return not wrong


def _within(mutant: Mutant, function: str) -> bool:
    module, _, name = function.partition(".")
    here = Path(mutant.change.file).stem, mutant.function or ""
    return here[0] == module and (here[1] == name or here[1].startswith(f"{name}.") or name.startswith(f"{here[1]}."))


def _share(some: Sequence[Found], all_of_them: Sequence[Found]) -> str:
    return f"{len(some)} of {len(all_of_them)} ({100 * len(some) / max(1, len(all_of_them)):.1f} %)"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="How often diff is right, over the zoo.")
    parser.add_argument("--only", nargs="+", default=[], help="these mistakes or variants")
    parser.add_argument("--unseen", type=int, metavar="N", help="instead, this many mechanical mutants")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.unseen:
        return 0 if judge_unseen(options.unseen, options.processes) else 1
    mistakes = [m for m in load_mistakes() if not options.only or m.name in options.only]
    variants = [v for v in load_variants() if not options.only or v.name in options.only]
    return 0 if judge(mistakes, variants, options.processes) else 1


if __name__ == "__main__":
    sys.exit(main())
