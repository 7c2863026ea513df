"""Submissions made from the reference by changing texts in it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.paths import REFERENCE


@dataclass(frozen=True)
class Change:
    """`old`, which occurs exactly once in `file` of the reference, becomes `new`."""

    file: str
    old: str
    new: str


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
