"""Hostile submissions as data: a folder each, with what is attacked, how, and what the grader must make of it."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tests.gradings import Job
from tests.touched import checks_loading

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ATTACK, TWIN, BUILD, VERDICT = "attack.py", "twin.py", "build.py", "verdict.toml"
# What these leave behind might reach checks that never load them.
BEYOND_A_PROCESS = {"daemons", "disk", "files", "forks", "kills", "state"}
LIMITS = ("check_seconds", "run_seconds", "training_seconds", "memory_mb")
SEED = 5_271_009_113_467_002_993  # a secret: nothing that students are shown may say it
KINDS = {
    "files": "reading and writing the grader's files",
    "proc": "what /proc tells about this process and others",
    "kills": "killing and stopping processes",
    "exits": "early exit",
    "patches": "patched torch, numpy or pytest",
    "subclasses": "tensor subclasses and a lying __eq__",
    "numbers": "NaN and broadcast tricks",
    "shapes": "lies about shape and dtype",
    "lookalikes": "look-alike modules and start-up files",
    "pickles": "pickles",
    "frames": "forged and flooded frames",
    "loops": "loops that ignore signals",
    "daemons": "daemons",
    "forks": "fork and thread bombs",
    "memory": "memory by every route",
    "disk": "disk",
    "descriptors": "descriptors",
    "sockets": "sockets",
    "links": "symlinks, hard links and pipes",
    "archives": "zip tricks and odd files in a submission",
    "floods": "floods of output",
    "terminal": "terminal escapes",
    "markup": "HTML and Markdown injection",
    "timing": "lies about time",
    "history": "a faked training history",
    "corpus": "a model that ships the corpus",
    "leaks": "hidden inputs leaked by exceptions",
    "state": "state kept between checks",
}


@dataclass(frozen=True)
class Attack:
    """One hostile submission and its honest twin.

    `fails` has the outcome of every check that lays blame, `blocked` those that are blocked; all others pass, unless
    the submission is `refused`. `place` is the module of charlm that the code goes to. `waits`: it sleeps rather than
    computes. `only` are the checks that it is graded by, where it is after no others. `sample`: it is graded in every
    test run, the others on demand. `twin` is the folder of the twin: its own, or that of an attack that it shares it
    with.
    """

    folder: Path
    twin: Path
    kind: str
    what: str
    place: str | None
    fails: dict[str, str]
    blocked: tuple[str, ...]
    refused: bool
    training: bool
    sample: bool
    waits: bool
    only: frozenset[str]
    limits: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def checks(self) -> frozenset[str] | None:
        """The checks that are run when the attack is graded, None for all."""
        if self.only:
            return self.only
        return None if self.kind in BEYOND_A_PROCESS else checks_loading(self._job(ATTACK, None))

    @cached_property
    def attacks(self) -> Job:
        """How the attack is graded."""
        return self._job(ATTACK, self.checks)

    @cached_property
    def honest(self) -> Job:
        """How its twin is graded where it is graded alone."""
        return self._job(TWIN, None) if self.twin == self.folder else _attack(self.twin).honest

    def _job(self, file: str, checks: frozenset[str] | None) -> Job:
        stem = file.removesuffix(".py")
        text = () if self.place is None else ((f"charlm/{self.place}.py", (self.folder / file).read_text("utf-8")),)
        return Job(
            f"{self.name.replace('/', '-')}-{stem}",
            appended=text,
            build=getattr(_module(self.folder / BUILD), stem) if self.place is None else None,
            training=self.training,
            checks=checks,
            seed=SEED,
            limits=self.limits,
            on_platform=True,
            waits=self.waits and file == ATTACK,
        )


def load_attacks(folder: Path = HERE) -> list[Attack]:
    """Read every attack. Raises KeyError for a key that is missing, ValueError for one that is unknown."""
    return [_attack(path.parent) for path in sorted(folder.glob(f"*/*/{VERDICT}"))]


def _attack(folder: Path) -> Attack:
    entry: dict[str, Any] = tomllib.loads((folder / VERDICT).read_text(encoding="utf-8"))
    place = entry.pop("place", None)
    if (place is None) is not (folder / BUILD).exists():
        raise ValueError(f"{folder}: either a place in {VERDICT}, or {BUILD}")
    attack = Attack(
        folder=folder,
        twin=HERE / entry.pop("twin") if "twin" in entry else folder,
        kind=entry.pop("kind"),
        what=entry.pop("what"),
        place=place,
        fails=_outcomes(entry.pop("fails", {})),
        blocked=tuple(entry.pop("blocked", ())),
        refused=entry.pop("refused", False),
        training=entry.pop("training", False),
        sample=entry.pop("sample", False),
        waits=entry.pop("waits", False),
        only=frozenset(entry.pop("only", ())),
        limits=tuple((name, entry.pop(name)) for name in LIMITS if name in entry),
    )
    if entry or attack.kind not in KINDS:
        raise ValueError(f"{folder}: unknown in {VERDICT}: {', '.join(entry) or attack.kind}")
    return attack


def _outcomes(entry: dict[str, str | list[str]]) -> dict[str, str]:
    """By check, from a table that has an outcome for each check, or the checks of each outcome."""
    found = {key: value for key, value in entry.items() if isinstance(value, str)}
    return found | {number: key for key, value in entry.items() if isinstance(value, list) for number in value}


@cache
def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"hostile_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
