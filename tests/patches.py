"""Submissions made from the reference by changing it: planted mistakes and correct variants, kept as data.

`planted_mistakes.toml` and `variants.toml` say which text in which file becomes what.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.paths import REFERENCE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
MISTAKES = HERE / "planted_mistakes.toml"
VARIANTS = HERE / "variants.toml"
WHOLE_SUBMISSIONS = HERE / "variants"


@dataclass(frozen=True)
class Change:
    """`old`, which occurs exactly once in `file` of the reference, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mistake:
    """A plausible mistake, and what the grader must make of it: the checks that fail, and those it blocks.

    `training`: the short trainings are run. `sample`: it is graded in every test run, the others on demand.
    """

    name: str
    problem: int
    why: str
    change: Change
    fails: tuple[str, ...]
    blocked: tuple[str, ...]
    training: bool
    sample: bool


@dataclass(frozen=True)
class Variant:
    """A correct solution: the reference with `changes`, or the folder `whole`."""

    name: str
    changes: tuple[Change, ...]
    training: bool
    sample: bool
    whole: Path | None = None


def load_mistakes(path: Path = MISTAKES) -> list[Mistake]:
    """Read the planted mistakes. Raises TypeError for a key that is unknown, KeyError for one that is missing."""
    return [_mistake(dict(entry)) for entry in _entries(path, "mistake")]


def load_variants(path: Path = VARIANTS, whole: Path = WHOLE_SUBMISSIONS) -> list[Variant]:
    """Read the correct variants: those in the file, and one for each folder in `whole`."""
    patched = [
        Variant(
            entry["name"],
            tuple(Change(**change) for change in entry["changes"]),
            training=entry.get("training", False),
            sample=entry.get("sample", False),
        )
        for entry in _entries(path, "variant")
    ]
    folders = sorted(folder for folder in whole.iterdir() if (folder / "charlm").is_dir())
    return [*patched, *(Variant(folder.name, (), training=True, sample=True, whole=folder) for folder in folders)]


def write_patched(changes: Sequence[Change], folder: Path, original: Path = REFERENCE) -> Path:
    """Write the reference with `changes` into `folder`. Raises ValueError when a text is not there exactly once."""
    files = [*sorted((original / "charlm").glob("*.py")), original / "answers.toml"]
    for path in files:
        target = folder / path.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for change in changes:
        target = folder / change.file
        text = target.read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            raise ValueError(f"{change.file}: {text.count(change.old)} times, not once: {change.old!r}")
        target.write_text(text.replace(change.old, change.new), encoding="utf-8")
    return folder


def _mistake(entry: dict[str, Any]) -> Mistake:
    change = Change(entry.pop("file"), entry.pop("old"), entry.pop("new"))
    fails, blocked = tuple(entry.pop("fails")), tuple(entry.pop("blocked", ()))
    training, sample = entry.pop("training", False), entry.pop("sample", False)
    return Mistake(change=change, fails=fails, blocked=blocked, training=training, sample=sample, **entry)


def _entries(path: Path, kind: str) -> list[dict[str, Any]]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    entries: list[dict[str, Any]] = table[kind]
    names = [entry["name"] for entry in entries]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if set(table) != {kind} or doubled:
        raise ValueError(f"{path.name}: only [[{kind}]] belongs here, each name once; look at {doubled or set(table)}")
    return entries
