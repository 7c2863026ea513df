"""The likely cause of a difference: which common mistake, made in the reference, gives the submission's numbers?"""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.diff.compare import Verdict, compare
from autograder.diff.differ import Comparison, Differ
from autograder.diff.observe import Look, Seen, look_at
from autograder.diff.rows import STAGES_OF, Row, first_red, renew
from autograder.diff.stage import Stage
from autograder.paths import REFERENCE
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.zygote import Zygote

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


def likely(differ: Differ, found: Comparison, causes: Iterable[Cause]) -> list[Cause]:
    """The mistakes that reproduce what `found` has at its first red row, and at every row that has to do with it.

    The right side has to be the reference. More than one means that nothing that was looked at tells them apart.
    """
    red = first_red(found.rows)
    if red is None:
        return []
    stages = {stage.id: stage for stage in differ.stages}
    others = any(row.own.verdict is Verdict.DIFFERENT and row is not red for row in found.rows)
    return [
        cause for cause in causes if cause.stage == red.id and _reproduces(differ, found, cause, stages, red, others)
    ]


def _reproduces(
    differ: Differ, found: Comparison, cause: Cause, stages: dict[str, Stage], red: Row, others: bool
) -> bool:
    """Whether the mistake gives the same at the red row, and then at each of the rows that it could change.

    Where `others` are wrong as well, what follows from the first one may have a second cause, so that only the stages
    of the same part count.
    """
    looks = found.seen[1].looks
    with changed_reference(cause) as code, side_of(differ.zygote, code) as handle:
        if not _same_look(stages[red.id], looks[red.id], handle):
            return False
        named = _of_the_same_part(red.id) if others else _touched(found.rows, differ.stages, red.id)
        device = ""
        for stage in differ.stages:
            if stage.id not in named or stage.id == red.id:
                continue
            if stage.device != device:
                device = stage.device
                renew(handle, device)
            if not _same_look(stage, looks[stage.id], handle):
                return False
    return True


def _of_the_same_part(name: str) -> set[str]:
    return next((set(names) for names in STAGES_OF.values() if name in names), {name})


def _touched(found: list[Row], stages: Iterable[Stage], name: str) -> set[str]:
    """The rows that differ in any way, and the stages that build on this one at once."""
    differing = {row.id for row in found if row.own.verdict in (Verdict.DIFFERENT, Verdict.FOLLOWS)}
    return differing | {stage.id for stage in stages if name in stage.builds_on} | _of_the_same_part(name)


def _same_look(stage: Stage, mine: Look, handle: RemoteSubmission) -> bool:
    look = look_at(handle, stage.look, stage.replaced)
    if not _same(stage, look.own, mine.own):
        return False
    return look.doubled is None or mine.doubled is None or _same(stage, look.doubled, mine.doubled)


def _same(stage: Stage, one: Seen, other: Seen) -> bool:
    if one.error is not None and other.error is not None:
        return one.error[0] == other.error[0]
    found = compare(one, other, optional=stage.optional, loose=stage.loose)
    return found.verdict in (Verdict.SAME, Verdict.NOT_SHOWN)


@contextmanager
def changed_reference(cause: Cause) -> Iterator[Path]:
    """A copy of the reference's code with the mistake in it. Raises ValueError when it does not fit the reference."""
    module = cause.function.partition(".")[0]
    source = (REFERENCE / "charlm" / f"{module}.py").read_text(encoding="utf-8")
    text = changed(source, cause)
    with tempfile.TemporaryDirectory(prefix="cause-") as folder:
        shutil.copytree(REFERENCE / "charlm", Path(folder, "charlm"), ignore=shutil.ignore_patterns("__pycache__"))
        Path(folder, "charlm", f"{module}.py").write_text(text, encoding="utf-8")
        yield Path(folder)


def changed(source: str, cause: Cause) -> str:
    """The module's source with `old` replaced in the function. Raises ValueError unless it is there exactly once."""
    nodes: list[ast.stmt] = ast.parse(source).body
    start, end = 0, 0
    for name in cause.function.split(".")[1:]:
        found = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name]
        if len(found) != 1:
            raise ValueError(f"{cause.name}: the reference has no {cause.function}")
        start, end, nodes = found[0].lineno - 1, found[0].end_lineno or 0, found[0].body
    lines = source.splitlines(keepends=True)
    inside = "".join(lines[start:end])
    if inside.count(cause.old) != 1:
        raise ValueError(f"{cause.name}: {inside.count(cause.old)} times, not once, in {cause.function}: {cause.old!r}")
    return "".join(lines[:start]) + inside.replace(cause.old, cause.new) + "".join(lines[end:])


def side_of(zygote: Zygote, code: Path) -> RemoteSubmission:
    """A worker for changed code of the reference. It may raise, so it is not trusted."""
    return RemoteSubmission(zygote, code)
