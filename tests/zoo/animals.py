"""The planted mistakes, the correct variants, and the mutants that are equivalent: read from the data beside this."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patches import Change

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
MISTAKES = HERE / "mistakes"
VARIANTS = HERE / "variants.toml"
WHOLE_SUBMISSIONS = HERE / "variants"
EQUIVALENT = HERE / "equivalent.toml"


@dataclass(frozen=True)
class Mistake:
    """A plausible mistake, and what the grader must make of it: the checks that fail, and those it blocks.

    On a real GPU those are others for code that asks for one by name, or is trained in that setting's sizes.
    `training`: the short trainings are run.
    `sample`: it is graded in every test run, the others on demand.
    """

    name: str
    problem: int
    why: str
    change: Change
    fails: tuple[str, ...]
    blocked: tuple[str, ...]
    training: bool
    sample: bool
    fails_on_gpu: tuple[str, ...]
    blocked_on_gpu: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A correct solution: the reference with `changes`, or the folder `whole`."""

    name: str
    changes: tuple[Change, ...]
    training: bool
    sample: bool
    whole: Path | None = None


def load_mistakes(folder: Path = MISTAKES) -> list[Mistake]:
    """Read the planted mistakes, a file for each problem.

    Raises TypeError for a key that is unknown, KeyError for one that is missing, ValueError for a name used twice.
    """
    mistakes = [
        _mistake(dict(entry), int(path.stem.removeprefix("problem_")))
        for path in sorted(folder.glob("problem_*.toml"))
        for entry in _entries(path, "mistake")
    ]
    _expect_distinct([mistake.name for mistake in mistakes], folder)
    return mistakes


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


def load_equivalent(path: Path = EQUIVALENT) -> dict[str, str]:
    """Why no check can notice a mutant, by its id."""
    reasons: dict[str, str] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]:
        for mutant in group["mutants"]:
            if mutant in reasons:
                raise ValueError(f"{path.name}: stands there twice: {mutant}")
            reasons[mutant] = group["why"]
    return reasons


def _mistake(entry: dict[str, Any], problem: int) -> Mistake:
    change = Change(entry.pop("file"), entry.pop("old"), entry.pop("new"))
    fails, blocked = tuple(entry.pop("fails")), tuple(entry.pop("blocked", ()))
    return Mistake(
        problem=problem,
        change=change,
        fails=fails,
        blocked=blocked,
        training=entry.pop("training", False),
        sample=entry.pop("sample", False),
        fails_on_gpu=tuple(entry.pop("fails_on_gpu", fails)),
        blocked_on_gpu=tuple(entry.pop("blocked_on_gpu", blocked)),
        **entry,
    )


def _entries(path: Path, kind: str) -> list[dict[str, Any]]:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    if set(table) != {kind}:
        raise ValueError(f"{path.name}: only [[{kind}]] belongs here, not {sorted(table)}")
    entries: list[dict[str, Any]] = table[kind]
    _expect_distinct([entry["name"] for entry in entries], path)
    return entries


def _expect_distinct(names: list[str], path: Path) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{path.name}: each name once; look at {doubled}")
