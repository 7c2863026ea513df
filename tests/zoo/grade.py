"""Grading the whole zoo, or a part of it, side by side."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tqdm import tqdm

from autograder.grading.catalogue import Catalogue
from tests.zoo.animals import Mistake, Variant
from tests.zoo.bench import Bench, Order, Verdict
from tests.zoo.mutants import Mutant
from tests.zoo.plan import Planner

LINE_SECONDS = 60.0  # between two lines of progress


@dataclass(frozen=True)
class Zoo:
    """What is graded. Variants are graded at `seeds` seeds; of the mistakes, the first of each problem is."""

    mistakes: Sequence[Mistake]
    mutants: Sequence[Mutant]
    variants: Sequence[Variant]
    equivalent: dict[str, str]
    seeds: int


@dataclass
class Graded:
    """The verdicts, by name and by seed. `again`: those on a few mistakes at other seeds than 0."""

    mistakes: dict[str, Verdict] = field(default_factory=dict)
    mutants: dict[str, Verdict] = field(default_factory=dict)
    variants: dict[tuple[str, int], Verdict] = field(default_factory=dict)
    again: dict[tuple[str, int], Verdict] = field(default_factory=dict)


def grade_zoo(zoo: Zoo, catalogue: Catalogue, processes: int, *, exhaustive: bool) -> Graded:
    """Grade everything, and show how far that is. `exhaustive`: go on with a mutant after the first check it fails."""
    graded = Graded()
    with Bench(processes) as bench:  # its processes begin while the reference is graded
        planner = Planner(catalogue, grade_reference(catalogue).reached, stop_early=not exhaustive)
        orders = _orders(zoo, planner)
        for order, verdict in _with_progress(bench, orders, "submissions"):
            _put(graded, orders[order], verdict)
        survivors = [m for m in zoo.mutants if not graded.mutants[m.id].failed and m.id not in zoo.equivalent]
        trained = {planner.trained_mutant(mutant): mutant for mutant in survivors}
        for order, verdict in _with_progress(bench, trained, "trainings of mutants"):
            if verdict.failed or verdict.faults:
                graded.mutants[trained[order].id] = verdict
    return graded


def grade_reference(catalogue: Catalogue) -> Verdict:
    """The verdict on the reference, with what each check enters. Raises RuntimeError when it does not pass."""
    checks = tuple(check.number for check in catalogue.checks if check.number not in catalogue.trained)
    with Bench(1, trace=True) as bench:
        (_, verdict), *_ = bench.grade([Order("reference", checks=checks)])
    if verdict.messages:
        raise RuntimeError(f"the reference does not pass: {verdict.messages}")
    return verdict


def _orders(zoo: Zoo, planner: Planner) -> dict[Order, tuple[str, str, int]]:
    """Each order with what it is about: kind, name and seed. Long ones first, so that no core is idle at the end."""
    orders: dict[Order, tuple[str, str, int]] = {}
    for mistake in zoo.mistakes:
        orders[planner.mistake(mistake)] = ("mistakes", mistake.name, 0)
    firsts = {mistake.problem: mistake for mistake in reversed(zoo.mistakes) if mistake.sample and not mistake.training}
    for mistake in firsts.values():
        for seed in range(1, zoo.seeds):
            orders[planner.mistake(mistake, seed)] = ("again", mistake.name, seed)
    for variant in zoo.variants:
        for seed in range(zoo.seeds):
            orders[planner.variant(variant, seed)] = ("variants", variant.name, seed)
    for mutant in zoo.mutants:
        orders[planner.mutant(mutant)] = ("mutants", mutant.id, 0)
    trained = planner.catalogue.trained
    return dict(sorted(orders.items(), key=lambda item: not trained & set(item[0].checks)))


def _with_progress(bench: Bench, orders: Iterable[Order], what: str) -> Iterator[tuple[Order, Verdict]]:
    """The verdicts, with a bar at a terminal and a line now and then elsewhere."""
    waiting = list(orders)
    lines = not sys.stderr.isatty()
    bar = tqdm(bench.grade(waiting), total=len(waiting), desc=what, unit="", disable=lines or not waiting)
    started = told = time.monotonic()
    for done, verdict in enumerate(bar, 1):
        yield verdict
        now = time.monotonic()
        if lines and (now - told >= LINE_SECONDS or done == len(waiting)):
            told = now
            print(f"{what}: {done} of {len(waiting)}, {(now - started) / 60:.1f} min", file=sys.stderr, flush=True)


def _put(graded: Graded, about: tuple[str, str, int], verdict: Verdict) -> None:
    kind, name, seed = about
    if kind in ("mistakes", "mutants"):
        getattr(graded, kind)[name] = verdict
    else:
        getattr(graded, kind)[name, seed] = verdict
