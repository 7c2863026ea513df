"""Which mistakes a check alone catches, by what the mistakes declare."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from autograder.grading.catalogue import Catalogue
from tests.zoo.animals import Mistake

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

UNNEEDED = Path(__file__).with_name("unneeded.toml")


def needed_by(mistakes: Iterable[Mistake], catalogue: Catalogue) -> dict[str, list[str]]:
    """For each check, the mistakes that no other one of its kind (public or hidden) catches."""
    found: dict[str, list[str]] = defaultdict(list)
    for mistake in mistakes:
        fails = set(mistake.fails)
        for kind in (fails & catalogue.hidden, fails - catalogue.hidden):
            if len(kind) == 1:
                found[next(iter(kind))].append(mistake.name)
    return {check.number: found[check.number] for check in catalogue.checks}


def load_unneeded(path: Path = UNNEEDED) -> dict[str, str]:
    """Why a check is kept that no mistake needs, by its number. Raises ValueError for one that stands there twice."""
    reasons: dict[str, str] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8"))["kept"]:
        for number in group["checks"]:
            if number in reasons:
                raise ValueError(f"{path.name}: stands there twice: {number}")
            reasons[number] = group["why"]
    return reasons
