"""Grades the same submissions as other machines would: `python -m tests.machines [--python PATH ...] [--seeds 2]`.

An older processor is had by telling PyTorch, MKL and oneDNN which instructions to use, another version of PyTorch or
Python by naming the interpreter of an environment that has it. Prints each submission's grade for each machine,
writes the same to results/machines.md or, with --record, into docs/, and fails when a grade or the verdict on any check
differs. Takes about 20 s of one core for each grading.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from autograder.paths import REFERENCE, ROOT, TEMPLATE
from tests.machines.submissions import write_submissions

# The grader drops variables that a submission has no need to know; here its workers are to compute as the other machine
# would. The program runs twice: it starts again without what it dropped.
GRADE = """
import sys
from autograder import fresh_start
from autograder.sandbox import nursery
names = sys.argv.pop(1).split()
fresh_start.KEPT.update(names)
nursery.KEPT_VARIABLES += tuple(names)
from autograder.cli import main
sys.exit(main(["grade", *sys.argv[1:]]))
"""


@dataclass(frozen=True)
class Machine:
    """An interpreter, and the environment variables that make this processor compute like another."""

    name: str
    python: str = sys.executable
    variables: Mapping[str, str] = field(default_factory=dict)


PROCESSORS = {
    "this machine": {},
    "four threads": {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "no AVX": {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "MKL's common path": {"MKL_CBWR": "COMPATIBLE"},
}

Verdicts = Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a machine disagrees with the first."""
    parser = argparse.ArgumentParser(prog="python -m tests.machines", description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="the interpreter of another environment")
    parser.add_argument("--seeds", type=int, default=2, help="gradings of each submission on each machine")
    parser.add_argument("--processes", type=int, default=2, help="gradings side by side")
    parser.add_argument("--record", action="store_true", help="write to docs/ instead of results/")
    options = parser.parse_args(arguments)
    machines = [Machine(name, variables=variables) for name, variables in PROCESSORS.items()]
    machines += [Machine(_versions(python), python) for python in options.python]
    with tempfile.TemporaryDirectory() as folder:
        submissions = {"reference": REFERENCE, "template": TEMPLATE, **write_submissions(Path(folder))}
        wanted = [(m, name, seed) for m in machines for name in submissions for seed in range(options.seeds)]
        with ThreadPoolExecutor(options.processes) as pool:
            jobs = {
                (machine.name, name, seed): pool.submit(_grade, machine, submissions[name], seed, Path(folder))
                for machine, name, seed in wanted
            }
            graded = {key: job.result() for key, job in tqdm(jobs.items(), desc="gradings")}
    rows, disagreements = _compared([machine.name for machine in machines], list(submissions), options.seeds, graded)
    table = Table("machine", *submissions)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    agreed = "\n".join(disagreements) or f"All verdicts agree: {len(graded)} gradings."
    print(agreed)
    _write(["machine", *submissions], rows, agreed, ROOT / ("docs" if options.record else "results"))
    return 1 if disagreements else 0


def _grade(machine: Machine, submission: Path, seed: int, folder: Path) -> tuple[float, Verdicts]:
    names, out = " ".join(machine.variables), Path(tempfile.mkdtemp(prefix="results-", dir=folder))
    command = [machine.python, "-c", GRADE, names, str(submission), "--out", str(out), "--seed", str(seed)]
    environment = {**os.environ, **machine.variables, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{machine.name}: {submission.name} was not graded\n{done.stdout}{done.stderr}")
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return results["score"], {test["number"]: test["extra_data"]["outcome"] for test in results["tests"]}


def _compared(
    machines: list[str],
    submissions: list[str],
    seeds: int,
    graded: Mapping[tuple[str, str, int], tuple[float, Verdicts]],
) -> tuple[list[tuple[str, ...]], list[str]]:
    """A row for each machine, with the different grades of each submission; and where its verdicts differ."""
    rows, disagreements = [], []
    for machine in machines:
        cells = []
        for name in submissions:
            found = [graded[machine, name, seed] for seed in range(seeds)]
            cells.append(" ".join(sorted({f"{score:g}" for score, _ in found})))
            for seed, (_, verdicts) in enumerate(found):
                first = graded[machines[0], name, 0][1]
                differ = sorted(number for number in first if first[number] != verdicts.get(number))
                if differ:
                    disagreements.append(f"{machine}, {name}, seed {seed}: other verdicts on {', '.join(differ)}")
        rows.append((machine, *cells))
    return rows, disagreements


def _write(head: list[str], rows: list[tuple[str, ...]], agreed: str, folder: Path) -> None:
    lines = ["# Grades on other machines\n", "Written by `python -m tests.machines`: points of each submission.\n"]
    lines += ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    folder.mkdir(exist_ok=True)
    (folder / "machines.md").write_text("\n".join([*lines, f"\n{agreed}\n"]), encoding="utf-8")


def _versions(python: str) -> str:
    question = "import platform, torch; print('Python', platform.python_version(), 'torch', torch.__version__)"
    return subprocess.run([python, "-c", question], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
