"""Several honest twins as one submission, so that one grading clears them all.

They are the reference with something appended, and differ in nothing else. Each is appended to its module as it would
be alone, under private names of its own. One that wraps a function goes on top of one that writes it anew: two of the
latter never meet, so the code of each runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.gradings import Job

MOST = 8  # twins in one submission


@dataclass(frozen=True)
class Twin:
    """`wrapped` are names of the module that it builds something around, `replaced` those that it gives anew."""

    job: Job
    module: str
    text: str
    wrapped: frozenset[str]
    replaced: frozenset[str]


@dataclass
class Group:
    twins: list[Twin] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def has_room_for(self, twin: Twin) -> bool:
        return len(self.twins) < MOST and not self.taken & {(twin.module, name) for name in twin.replaced}

    def add(self, twin: Twin) -> None:
        self.twins.append(twin)
        self.taken |= {(twin.module, name) for name in twin.wrapped | twin.replaced}


def together(jobs: Iterable[Job]) -> dict[Job, Job]:
    """The job that each of these is graded in."""
    twins = [_twin(job) for job in jobs]
    groups: list[Group] = []
    for twin in sorted(twins, key=lambda twin: (not twin.replaced, twin.job.name)):
        group = next((group for group in groups if group.has_room_for(twin)), None)
        if group is None:
            group = Group()
            groups.append(group)
        group.add(twin)
    return {twin.job: _job(number, group) for number, group in enumerate(groups) for twin in group.twins}


def _twin(job: Job) -> Twin:
    [(module, text)] = job.appended
    loaded, defined = set[str](), set[str]()
    wrapped = set[str]()
    for statement in ast.parse(text).body:
        before = set(loaded)
        new = _defined_by(statement)
        loaded |= {ast.unparse(node) for node in ast.walk(statement) if isinstance(node, (ast.Name, ast.Attribute))}
        wrapped |= {name for name in new - defined if name in before}
        defined |= new
    public = {name for name in defined if not name.startswith("_")}
    return Twin(job, module, text, frozenset(public & wrapped), frozenset(public - wrapped))


def _defined_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {ast.unparse(part) for target in targets for part in getattr(target, "elts", [target])}
    return set()


def _job(number: int, group: Group) -> Job:
    first = group.twins[0].job
    if len(group.twins) == 1:
        return first
    texts = tuple((twin.module, _renamed(twin.text, f"_{index}")) for index, twin in enumerate(group.twins))
    return replace(first, name=f"twins-{number}", appended=texts)


def _renamed(text: str, suffix: str) -> str:
    """The same code, whose private names in the module end in `suffix`."""
    defined = {name for statement in ast.parse(text).body for name in _defined_by(statement)}
    for name in sorted(defined):
        if re.fullmatch(r"_\w+", name):
            text = re.sub(rf"(?<![\w.]){name}\b", f"{name}{suffix}", text)
    return text
