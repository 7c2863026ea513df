"""One comparison after the other in a process that has everything ready: a zygote, and the other side observed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.diff.rows import Observed, Row, all_stages, observe, rows
from autograder.paths import REFERENCE
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import MODULES
from autograder.sandbox.zygote import Zygote
from support.checking import SubmissionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

IMPORT_SECONDS = 20.0


@dataclass(frozen=True)
class Side:
    """What is compared: the clean copy of a submission, its written answers, and a name for people."""

    name: str
    code: Path
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Two sides compared. `unimportable` has a sentence for each module of `mine` that cannot be imported.

    `causes` are sentences: the common mistakes that give the same at the first red row, and at all that depends on it.
    """

    right: Side
    mine: Side
    rows: list[Row]
    seen: tuple[Observed, Observed]
    unimportable: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def reference_side() -> Side:
    """The reference."""
    return Side("reference", REFERENCE, answers_in(REFERENCE))


def answers_in(folder: Path) -> dict[str, Any]:
    """What stands in a folder's answers.toml, {} when it cannot be read."""
    try:
        return tomllib.loads((folder / "answers.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Differ:
    """Compares submissions with `right`, which is observed once. `device` is where the device stages run."""

    def __init__(self, zygote: Zygote, right: Side, device: str = "gpu", limits: Limits | None = None) -> None:
        self.zygote, self._limits = zygote, limits or Limits()
        if device != "gpu":
            self._limits = self._limits.beside_a_gpu()
        self.right, self.device = right, device
        self.stages = all_stages(device)

    @cached_property
    def expected(self) -> Observed:
        """What was seen of the right side."""
        return self.observe(self.right)[0]

    def observe(self, side: Side) -> tuple[Observed, list[str]]:
        """Run every stage on a side, in workers of its own; and a sentence for each module that cannot be imported."""
        with RemoteSubmission(self.zygote, side.code, limits=self._limits) as handle:
            problems = []
            for module in MODULES:
                error = handle.session.try_import(module, IMPORT_SECONDS)
                if isinstance(error, SubmissionError):
                    problems.append(f"charlm/{module}.py cannot be imported: {error}")
            return observe(handle, self.stages, side.answers), problems

    def compare(self, mine: Side) -> Comparison:
        """Compare one submission with the right side."""
        seen, problems = self.observe(mine)
        return Comparison(
            self.right, mine, rows(self.stages, self.expected, seen), (self.expected, seen), tuple(problems)
        )
