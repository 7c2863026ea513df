"""Gradings on the GPU: the reference and the template as their author would, the zoo on warm benches."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from autograder.grading.catalogue import load_catalogue
from autograder.handout import collect, zipped
from autograder.paths import REFERENCE, ROOT, TEMPLATE
from tests.gpu.part import Part
from tests.patches import write_patched
from tests.zoo.animals import load_mistakes, load_variants
from tests.zoo.bench import Bench
from tests.zoo.grade import grade_reference
from tests.zoo.plan import Planner

DEVICE = 4  # the problem that is about devices


def grade_by_hand() -> Part:
    """By the command line: the reference and the template, a diff, and the public checks by plain pytest."""
    part = Part()
    for submission, score in ((REFERENCE, 100.0), (TEMPLATE, 0.0)):
        _grade(part, submission, score)
    _diff(part)
    _check_publicly(part)
    return part


def _grade(part: Part, submission: Path, score: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = _run(["-m", "autograder", "grade", str(submission), "--device", "cuda", "--out", folder])
        seconds = time.monotonic() - began
        results = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
    facts = results["extra_data"]
    part.facts[f"grading {submission.name}"] = f"{results['score']:g} points, {facts['state']}, {seconds:.0f} s"
    if (done.returncode, results["score"], facts.get("device")) != (0, score, "cuda"):
        part.wrong.append(f"{submission.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        tests = [test for test in results["tests"] if "number" in test and test.get("status") != "passed"]
        part.wrong += [f"{submission.name}: {test['number']}: {test['output'][:400]}" for test in tests[:20]]


def _diff(part: Part) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "diff.json"
        began = time.monotonic()
        done = _run(["-m", "autograder", "diff", str(REFERENCE), "--device", "cuda", "--json", str(table)])
        seconds = time.monotonic() - began
        text = table.read_text(encoding="utf-8") if done.returncode == 0 else '{"stages": []}'
    verdicts = [stage["on_its_own"]["verdict"] for stage in json.loads(text)["stages"]]
    same = verdicts.count("same")
    part.facts["diff of the reference with itself"] = f"{same} of {len(verdicts)} stages the same, {seconds:.0f} s"
    if not verdicts or same < len(verdicts):
        part.wrong.append(f"diff: {done.stdout[-3000:]}{done.stderr[-2000:]}")


def _check_publicly(part: Part) -> None:
    """What a student with a GPU does: the finished homework in the handout's folder."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(zipped(collect()))) as archive:
            archive.extractall(folder)
        homework = Path(folder) / "homework"
        write_patched([], homework)
        began = time.monotonic()
        done = _run(["-m", "pytest"], homework)
    passed = sum(line.startswith("ok ") for line in done.stdout.splitlines())
    part.facts["public checks by plain pytest"] = f"{passed} pass, {time.monotonic() - began:.0f} s"
    if done.returncode != 0:
        part.wrong.append(f"pytest: {done.stdout[-3000:]}{done.stderr[-1000:]}")


def _run(arguments: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    found = [*([str(ROOT)] if folder == ROOT else []), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def grade_zoo_there(processes: int, seconds: float) -> Part:
    """The planted mistakes have to be judged as on the simulated device, and each variant has to pass.

    Of other problems than the device's, those mistakes that every test run grades. After so many `seconds` no more are.
    """
    catalogue = load_catalogue()
    planner = Planner(catalogue, grade_reference(catalogue).reached)
    chosen = [mistake for mistake in load_mistakes() if mistake.problem == DEVICE or mistake.sample]
    chosen.sort(key=lambda mistake: mistake.problem != DEVICE)
    mistakes = {planner.mistake(mistake): mistake for mistake in chosen}
    variants = {planner.variant(variant, int(variant.whole is None)): variant for variant in load_variants()}
    part, began, agreed, alike = Part(), time.monotonic(), 0, 0
    orders = [order for order in mistakes if mistakes[order].problem == DEVICE]
    orders += [*variants, *(order for order in mistakes if mistakes[order].problem != DEVICE)]
    left = set(orders)
    with Bench(processes, device="cuda") as bench:
        for order, verdict in bench.grade(orders):
            if time.monotonic() - began > seconds:
                break
            left.remove(order)
            if verdict.faults:
                part.wrong.append(f"{order.name}: the grader failed in {sorted(verdict.faults)}")
            if order in variants:
                part.wrong += [f"{order.name}: {number}: {text}" for number, text in verdict.messages.items()]
                continue
            mistake, found = mistakes[order], (verdict.failed, verdict.blocked)
            declared = set(mistake.fails_on_gpu), set(mistake.blocked_on_gpu)
            agreed += found == declared
            alike += found == (set(mistake.fails), set(mistake.blocked))
            if found != declared:
                part.wrong.append(f"{order.name}: fails and blocks {found}, declared {declared}")
    tried = len(variants) - len(left & set(variants))
    missed = len({one.split(": ")[1] for one in part.wrong if one.startswith("variant")})
    part.facts = {
        "planted mistakes judged as without a GPU": f"{alike} of {len(mistakes) - len(left & set(mistakes))}",
        "planted mistakes judged as declared for a GPU": f"{agreed} of {len(mistakes) - len(left & set(mistakes))}",
        "correct variants with all points": f"{tried - missed} of {tried}",
        "left out for lack of time": str(len(left)),
        "time": f"{time.monotonic() - began:.0f} s with {processes} gradings side by side",
    }
    return part
