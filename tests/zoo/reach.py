"""Which functions of a submission each check enters, so that a change is graded by the checks that can notice it."""

from __future__ import annotations

import ast
import functools
import mmap
import sys
import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.paths import REFERENCE
from tests.patches import Change
from tests.zoo.mutants import FILES, functions_of

ANSWERS = "answers.toml"
DRAWN = "inputs drawn from the seed"
Reached = Mapping[str, Collection[str]]


class Marks:
    """One byte for each function of the reference, in memory that workers share: forks keep it, however confined."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}
        self._names: list[str] = []
        for file in FILES:
            path = REFERENCE / "charlm" / f"{file}.py"
            for name, node in functions_of(ast.parse(path.read_text(encoding="utf-8"))).items():
                self._numbers[path.name, node.lineno] = len(self._names)
                self._names.append(f"charlm/{path.name} {name}")
        self._memory = mmap.mmap(-1, len(self._names))
        self._trusted = str(REFERENCE)

    def record(self) -> None:
        """Note every function of a submission that this process and its forks enter from now on."""
        note = self._note  # one object, by which seals know it
        threading.setprofile(note)
        sys.setprofile(note)

    def stop(self) -> None:
        """No longer in this process; its forks go on."""
        threading.setprofile(None)
        sys.setprofile(None)

    def take(self) -> list[str]:
        """What was entered since the last call."""
        entered = [name for name, mark in zip(self._names, self._memory[:], strict=True) if mark]
        self._memory[:] = bytes(len(self._names))
        return entered

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        folder, _, name = code.co_filename.rpartition("/")
        number = self._numbers.get((name, code.co_firstlineno))
        if number is not None and folder.endswith("/charlm") and not folder.startswith(self._trusted):
            self._memory[number] = 1


def checks_to_run(changes: Iterable[Change], reached: Reached) -> list[str]:
    """The checks, out of those in `reached`, that can notice `changes`: all of them, unless only bodies change."""
    changed = set[str]()
    for change in changes:
        names = changed_functions(change)
        if names is None:
            return list(reached)
        changed |= names
    return [number for number, entered in reached.items() if changed & set(entered)]


def changed_functions(change: Change, original: Path = REFERENCE) -> set[str] | None:
    """The functions whose bodies differ; None when anything else does, or what is left is no Python."""
    if change.file == ANSWERS:
        return {ANSWERS}
    text = (original / change.file).read_text(encoding="utf-8")
    frame, bodies = _parts(text)
    try:
        frame_after, bodies_after = _parts(text.replace(change.old, change.new))
    except SyntaxError:
        return None
    if frame != frame_after:
        return None
    return {f"{change.file} {name}" for name, body in bodies.items() if body != bodies_after[name]}


@functools.cache
def _parts(text: str) -> tuple[str, dict[str, str]]:
    """What is left of a module without the bodies of its functions, and those by name. Raises SyntaxError."""
    tree, bodies = ast.parse(text), {}
    for name, node in functions_of(tree).items():
        bodies[name] = ast.dump(ast.Module(node.body, []))
        node.body = []
    return ast.dump(tree), bodies
