"""Follows the recipes of CONTRIBUTING.md word for word, each in a copy of the project of its own.

`python -m tests.recipes` does all of it, calibrations included: half an hour. `pytest` follows the same recipes without
what trains (tests/test_recipes.py).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.corpus import load_corpus, load_held_out
from autograder.paths import ROOT

COPIED = ("autograder", "reference", "student_template", "assignment.toml", "requirements.txt", "constraints.txt")
_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: (?P<add>>> )?(?P<file>\S+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
RUNS = 12  # of each kind of training; with these sizes their bands separate widely


@dataclass(frozen=True)
class Block:
    """What to do at one step: `commands` to run, or a `file` to write, to append to, or to change."""

    language: str
    file: str
    appended: bool
    text: str

    @property
    def commands(self) -> list[str]:
        return self.text.splitlines() if self.language == "bash" else []


@dataclass(frozen=True)
class Recipe:
    """`lines` are those of its prose, without blank ones."""

    name: str
    lines: list[str]
    blocks: list[Block]

    @property
    def commands(self) -> list[str]:
        return [command for block in self.blocks for command in block.commands]


def recipes(text: str) -> Iterator[Recipe]:
    """The sections below the heading "Recipes"."""
    _, _, after = text.partition("\n## Recipes\n")
    for section in re.split(r"^### ", after, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        found = [Block(b["language"], b["file"] or "", bool(b["add"]), b["text"]) for b in _BLOCK.finditer(body)]
        yield Recipe(name, [line for line in _BLOCK.sub("", body).splitlines() if line.strip()], found)


RECIPES = {recipe.name: recipe for recipe in recipes((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}


def copy_project(folder: Path) -> Path:
    """What the recipes change, with the texts built, and two texts of somebody's own beside it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "runs", "texts"))
        else:
            shutil.copy(source, folder)
    (folder / "my_text.txt").write_text(load_corpus().lower(), encoding="utf-8")
    (folder / "my_other_text.txt").write_text(load_held_out().lower(), encoding="utf-8")
    return folder


def follow(block: Block, project: Path, left_out: Sequence[str] = ()) -> None:
    """Do what a block says; of commands, those that contain nothing of `left_out`.

    Raises ValueError when what a file should have is not there exactly once, RuntimeError when a command fails.
    """
    path = project / block.file
    if block.language == "bash":
        for command in block.commands:
            if not any(part in command for part in left_out):
                run(command, project)
    elif block.language == "diff":
        lines = block.text.splitlines()
        old, new = ("\n".join(line[1:] for line in lines if line[:1] != other) for other in "+-")
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{block.file} has {text.count(old)} times, not once: {old!r}")
        path.write_text(text.replace(old, new), encoding="utf-8")
    else:
        before = path.read_text(encoding="utf-8") if block.appended else ""
        path.write_text(before + block.text, encoding="utf-8")


def run(command: str, project: Path) -> str:
    """What a command prints. Where it says .venv, this very Python runs. Raises RuntimeError when it fails."""
    words = shlex.split(command)
    if words[0] == "./run_autograder":
        words = [sys.executable, "-m", "autograder", "grade", *words[1:]]
    elif words[0] == ".venv/bin/python":
        words[0] = sys.executable
    if "calibrate" in words:
        words += ["--seeds", str(RUNS)]
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def results(project: Path) -> dict[str, Any]:
    """What the last grading of the reference gave."""
    found: dict[str, Any] = json.loads((project / "results/reference/results.json").read_text(encoding="utf-8"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recipes", description=__doc__)
    parser.add_argument("--only", choices=RECIPES, help="one of them")
    options = parser.parse_args()
    wrong = 0
    for name in [options.only] if options.only else RECIPES:
        with tempfile.TemporaryDirectory(prefix="recipe-") as folder:
            project = copy_project(Path(folder))
            for block in RECIPES[name].blocks:
                follow(block, project)
            found = results(project)
            most = sum(test["max_score"] for test in found["tests"])
            wrong += found["score"] != most
            print(f"{name}: the reference has {found['score']:g} of {most:g} points over {len(found['tests'])} checks")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
