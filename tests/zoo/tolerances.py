"""How far apart right and wrong answers lie in each comparison of numbers: `python -m tests.zoo.tolerances`.

Grades the correct variants by every such check that can notice their changes, and the planted mistakes by those that
they fail. `--record` writes tolerances.json; `python -m tests.zoo --record` does that with the mutants, too.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tqdm import tqdm

from autograder.grading.catalogue import Catalogue, load_catalogue
from tests.zoo.animals import Mistake, Variant, load_mistakes, load_variants
from tests.zoo.bench import Bench, Order, Verdict
from tests.zoo.grade import grade_reference
from tests.zoo.margins import Margin, write_margins
from tests.zoo.reach import checks_to_run

# A correct answer uses up at most this part of a tolerance, a wrong one exceeds it at least so many times.
MOST_OF_CORRECT, LEAST_OF_WRONG = 0.5, 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a tolerance has too little room on one side."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.tolerances", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write tests/zoo/tolerances.json")
    parser.add_argument("--matching", default="", help="only variants and mistakes whose names this finds")
    parser.add_argument("--processes", type=int, default=2, help="gradings side by side")
    options = parser.parse_args(arguments)
    found = re.compile(options.matching).search
    variants = [variant for variant in load_variants() if found(variant.name)]
    mistakes = [mistake for mistake in load_mistakes() if found(mistake.name)]
    margins = measured(variants, mistakes, load_catalogue(), options.processes)
    if options.record:
        write_margins(margins, variants=len(variants), mistakes=len(mistakes))
    tight = [f"{number}: {margin}" for number, margin in margins.items() if not has_room(margin)]
    print("\n".join(tight))
    print(f"{len(margins)} checks compare numbers: {len(tight)} with too little room")
    return 1 if tight else 0


def has_room(margin: Margin) -> bool:
    """Whether the tolerance lies well between what correct and what wrong submissions come to."""
    return margin.correct <= MOST_OF_CORRECT and (margin.wrong is None or margin.wrong >= LEAST_OF_WRONG)


def measured(
    variants: Iterable[Variant], mistakes: Iterable[Mistake], catalogue: Catalogue, processes: int
) -> dict[str, Margin]:
    """The margin of each check that compares numbers, over the reference, the variants and the mistakes."""
    reference = grade_reference(catalogue)
    margins: dict[str, Margin] = defaultdict(Margin)
    for number, found in reference.margins.items():
        margins[number].add_correct(found)
    orders = _orders(variants, mistakes, reference)
    with Bench(processes) as bench:
        for order, verdict in tqdm(bench.grade(orders), total=len(orders), unit="", disable=None):
            for number, found in verdict.margins.items():
                if verdict.outcomes[number] == "passed":
                    margins[number].add_correct(found)
                elif verdict.outcomes[number] == "failed":
                    margins[number].add_wrong(found, order.name)
    return {check.number: margins[check.number] for check in catalogue.checks if check.number in margins}


def _orders(variants: Iterable[Variant], mistakes: Iterable[Mistake], reference: Verdict) -> list[Order]:
    """Those with at least one check to run."""
    orders = []
    for variant in variants:
        noticing = checks_to_run(variant.changes, reference.reached) if not variant.whole else list(reference.reached)
        checks = tuple(number for number in noticing if number in reference.margins)
        orders.append(Order(variant.name, variant.changes, whole=variant.whole, checks=checks))
    for mistake in mistakes:
        checks = tuple(number for number in mistake.fails if number in reference.margins)
        orders.append(Order(mistake.name, (mistake.change,), checks=checks))
    return [order for order in orders if order.checks]


if __name__ == "__main__":
    sys.exit(main())
