"""Grades the zoo and says how right the grades are: `python -m tests.zoo`.

Prints the figures and writes them to results/zoo/ as zoo.md and zoo.json. Fails when a mutant lives, a mistake is
judged otherwise than declared, a variant loses a point, or a grade depends on the seed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.grading.catalogue import load_catalogue
from autograder.paths import ROOT
from autograder.settings import load_settings
from tests.zoo.animals import load_equivalent, load_mistakes, load_variants
from tests.zoo.figures import figures_of, margins_of
from tests.zoo.grade import Zoo, grade_zoo
from tests.zoo.margins import write_margins
from tests.zoo.mutants import load_mutants
from tests.zoo.write_up import summary, write

RECORDED = ROOT / "docs"
KINDS = ("mistakes", "mutants", "variants")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something is not as it has to be."""
    options = _parser().parse_args(arguments)
    catalogue, zoo = load_catalogue(), _chosen(options)
    started, cpu = time.monotonic(), _cpu_seconds()
    graded = grade_zoo(zoo, catalogue, options.processes, exhaustive=options.exhaustive)
    figures = replace(
        figures_of(zoo, graded, catalogue, load_settings().points_by_check(catalogue.checks)),
        seconds=time.monotonic() - started,
        cpu_seconds=_cpu_seconds() - cpu,
    )
    write(figures, RECORDED if options.record else options.out)
    if options.record:
        write_margins(
            margins_of(graded, catalogue),
            variants=len(zoo.variants),
            mistakes=len(zoo.mistakes),
            mutants=len(zoo.mutants),
        )
    table = Table("figure", "value")
    for row in summary(figures):
        table.add_row(*row)
    Console().print(table)
    wrong = (figures.living, figures.killed_after_all, figures.false_failures, figures.faults, figures.other_verdicts)
    for name in itertools.chain.from_iterable(wrong):
        print(f"look at: {name}")
    return 0 if figures.right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("--only", choices=KINDS, action="append", help="only these; may be given more than once")
    parser.add_argument("--matching", default="", help="only those whose names this regular expression finds")
    parser.add_argument("--seeds", type=int, default=10, help="gradings of each variant")
    parser.add_argument("--processes", type=int, default=2, help="gradings side by side")
    parser.add_argument("--exhaustive", action="store_true", help="grade mutants by all checks, also when killed")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "zoo", help="where the figures go")
    parser.add_argument("--record", action="store_true", help="write to docs/ and tests/zoo/tolerances.json instead")
    return parser


def _chosen(options: argparse.Namespace) -> Zoo:
    kinds = options.only or KINDS
    found = re.compile(options.matching).search
    return Zoo(
        mistakes=[m for m in load_mistakes() if "mistakes" in kinds and found(m.name)],
        mutants=[m for m in load_mutants() if "mutants" in kinds and found(m.id)],
        variants=[v for v in load_variants() if "variants" in kinds and found(v.name)],
        equivalent=load_equivalent(),
        seeds=options.seeds,
    )


def _cpu_seconds() -> float:
    """Of this process, and of those it started that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    sys.exit(main())
