"""The common mistakes that a difference may come from, as they are declared in causes.toml."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(__file__).with_name("causes.toml")


@dataclass(frozen=True)
class Cause:
    """A common mistake: in `function` of the reference `old` becomes `new`, and then `stage` is the first to differ.

    `also` names planted mistakes that do the same at every stage, so that the sentence is as true of them.
    """

    name: str
    stage: str
    function: str
    old: str
    new: str
    say: str
    also: tuple[str, ...] = ()


def load_causes(path: Path = FILE) -> list[Cause]:
    """The declared mistakes, in order. Raises TypeError for a key that is unknown or missing."""
    return [Cause(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["cause"]]
