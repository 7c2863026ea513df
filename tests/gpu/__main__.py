"""Holds the grader against a real GPU, for which all else here has a stand-in: `python -m tests.gpu`.

Grades the reference, the template, the mistakes of the device problem and the correct variants on the GPU; runs the
snippets that the simulated accelerator is tested with on both, and holds the two against one another; trains the
reference there over many seeds, which has to fall into the bands that were measured on a CPU; and times training.

Prints a table and writes it, with --record into docs/. Fails when the GPU and what stands in for it disagree.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from autograder.paths import ROOT
from tests.gpu.operators import compare_operators
from tests.gpu.part import Part, markdown
from tests.gpu.simulated import compare_snippets
from tests.gpu.speed import training_speed
from tests.gpu.trainings import compare_trainings
from tests.gpu.verdicts import grade_by_hand, grade_zoo_there

RECORDED = ROOT / "docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when something is not as it has to be, 2 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="trainings of each kind (100)")
    parser.add_argument("--processes", type=int, default=8, help="gradings and trainings side by side (8)")
    parser.add_argument("--seconds", type=float, default=600, help="for the zoo; what is left then is left out (600)")
    parser.add_argument("--only", action="append", help="these parts; may be given more than once")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "gpu", help="where the figures go")
    parser.add_argument("--record", action="store_true", help="write to docs/ instead")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: there is no GPU that PyTorch can use here", file=sys.stderr)
        return 2
    parts: dict[str, Callable[[], Part]] = {
        "snippets": compare_snippets,
        "operators": compare_operators,
        "gradings": grade_by_hand,
        "speed": training_speed,
        "trainings": lambda: compare_trainings(options.seeds, options.processes),
        "zoo": lambda: grade_zoo_there(options.processes, options.seconds),
    }
    folder = RECORDED if options.record else options.out
    folder.mkdir(parents=True, exist_ok=True)
    done = _found_before(folder / "gpu.json")
    for name in options.only or parts:
        done[name] = parts[name]()
        print(f"== {name}\n{done[name].text()}", flush=True)
        # After each part, so that a run that is cut short leaves what it found.
        (folder / "gpu.md").write_text(markdown(done), encoding="utf-8")
        found = {name: asdict(part) for name, part in done.items()}
        (folder / "gpu.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if any(part.wrong for part in done.values()) else 0


def _found_before(file: Path) -> dict[str, Part]:
    """What an earlier run wrote there: a part that is not looked at again keeps its figures."""
    if not file.exists():
        return {}
    return {name: Part(**part) for name, part in json.loads(file.read_text(encoding="utf-8")).items()}


if __name__ == "__main__":
    sys.exit(main())
