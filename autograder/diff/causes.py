"""The likely cause of a difference: which common mistake, made in the reference, gives the submission's numbers?"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

from autograder.diff.common_mistakes import Cause
from autograder.diff.compare import Verdict, compare
from autograder.diff.differ import Comparison, Differ
from autograder.diff.observe import Look, Seen, look_at_all
from autograder.diff.rows import STAGES_OF, Row, below, first_red, own_difference
from autograder.diff.stage import Stage
from autograder.paths import REFERENCE

_PARSING = Lock()  # Python 3.11 counts the depth of a parse for all threads together, and fails when two of them parse


def likely(differ: Differ, found: Comparison, causes: Iterable[Cause]) -> list[Cause] | None:
    """The mistakes that reproduce what `found` has at its first red row, and at every row that has to do with it.

    The right side has to be the reference. More than one means that nothing that was looked at tells them apart. None
    where there is none to look for: no row is red, or the first one is a written answer, or never came to an end.
    """
    red = first_red(found.rows)
    if red is None or red.id not in found.seen[1].looks or found.seen[1].looks[red.id].own.hangs:
        return None
    known = list(causes)
    stages = _to_look_at(differ.stages, found, red)
    reproducing = _reproducing(differ, found, stages, [cause for cause in known if cause.stage == red.id])
    inside = _not_gone_through(found.rows)
    if reproducing or not inside:
        return reproducing
    # Where several steps are computed at once, a mistake in one of them shows at the end of all. The steps one by one
    # may be right beside it, as for another `softmax_dim`, so that only what differs counts.
    wrong = {row.id for row in found.rows if row.own.verdict in (Verdict.DIFFERENT, Verdict.FOLLOWS)}
    stages = [stage for stage in stages if stage.id in wrong]
    return _reproducing(differ, found, stages, [cause for cause in known if cause.stage in inside])


def _not_gone_through(found: Iterable[Row]) -> set[str]:
    """The stages of the parts whose result does not show in the submission's flow."""
    unseen = {row.id: row.flow.verdict is Verdict.NOT_SEEN for row in found if row.flow is not None}
    results = {
        part: next((name for name in reversed(names) if name in unseen), "") for part, names in STAGES_OF.items()
    }
    return {name for part, names in STAGES_OF.items() if unseen.get(results[part]) for name in names}


def _reproducing(differ: Differ, found: Comparison, stages: Sequence[Stage], possible: Sequence[Cause]) -> list[Cause]:
    """Those of the mistakes that give the same at the first of the stages, and explain the others."""
    mine = found.seen[1].looks
    first, *others = stages
    looks = _tried(differ, possible, [first], "the first red row")
    possible = [
        cause for cause, look in zip(possible, looks, strict=True) if _same_look(first, look[first.id], mine[first.id])
    ]
    looks = _tried(differ, possible, others, "the other rows")
    return [cause for cause, look in zip(possible, looks, strict=True) if _explains(differ, found, look)]


def _tried(differ: Differ, causes: Sequence[Cause], stages: Sequence[Stage], purpose: str) -> list[dict[str, Look]]:
    """What the reference gives at these stages with each of the mistakes in it, looked at now or in an earlier run.

    What is kept for one `purpose` is read together.
    """
    keys = [(cause.function, cause.old, cause.new, purpose) for cause in causes]
    known = [differ.memory.recall_tried(key) for key in keys]
    unknown = [[stage for stage in stages if _name(stage) not in looks] for looks in known]
    # The work on one cause in parts, for two processors.
    orders = [(index, part) for index, left in enumerate(unknown) for part in (left[::2], left[1::2]) if part]
    found = differ.side_by_side(lambda order: _looks(differ, causes[order[0]], order[1]), orders)
    for (index, part), looks in zip(orders, found, strict=True):
        known[index] |= {_name(stage): looks[stage.id] for stage in part}
    for key, left, looks in zip(keys, unknown, known, strict=True):
        if left:
            differ.memory.keep_tried(key, looks)
    return [{stage.id: looks[_name(stage)] for stage in stages} for looks in known]


def _name(stage: Stage) -> str:
    """Under which a look at it is kept: with stand-ins it is another one."""
    return f"{stage.id} with stand-ins" if stage.replaced else stage.id


def _to_look_at(stages: Sequence[Stage], found: Comparison, red: Row) -> list[Stage]:
    """The red stage, then those that differ, or that a mistake which shows at the red one could change.

    Stand-ins only serve where there may be another mistake: at rows that are red themselves.
    """
    part = next((names for names in STAGES_OF.values() if red.id in names), ())
    underneath = below(stages)
    verdicts = {row.id: row.own.verdict for row in found.rows}
    wanted = [
        stage if verdicts[stage.id] is Verdict.DIFFERENT else replace(stage, replaced=())
        for stage in stages
        if verdicts[stage.id] is not Verdict.SAME or stage.id in part or red.id in underneath[stage.id]
    ]
    return sorted(wanted, key=lambda stage: stage.id != red.id)


def _looks(differ: Differ, cause: Cause, stages: Iterable[Stage]) -> dict[str, Look]:
    """What the reference gives with the mistake in it."""
    with changed_reference(cause) as code, closing(differ.subject(code)) as subject:
        return look_at_all(subject, stages)


def _explains(differ: Differ, found: Comparison, looks: Mapping[str, Look]) -> bool:
    """Whether the mistake gives the submission's numbers wherever it could change them.

    Another red row may have a mistake of its own, which this one has no part in; what follows from it says nothing.
    """
    right, mine = (seen.looks for seen in found.seen)
    verdicts = {row.id: row.own.verdict for row in found.rows}
    unlike = [
        stage for stage in differ.stages if stage.id in looks and not _same_look(stage, looks[stage.id], mine[stage.id])
    ]
    elsewhere = {
        stage.id
        for stage in unlike
        if verdicts[stage.id] is Verdict.DIFFERENT
        and own_difference(stage, right[stage.id], looks[stage.id])[0].verdict is not Verdict.DIFFERENT
    }
    underneath = below(differ.stages)
    return all(stage.id in elsewhere or underneath[stage.id] & elsewhere for stage in unlike)


def _same_look(stage: Stage, one: Look, other: Look) -> bool:
    if not _same(stage, one.own, other.own):
        return False
    return one.doubled is None or other.doubled is None or _same(stage, one.doubled, other.doubled)


def _same(stage: Stage, one: Seen, other: Seen) -> bool:
    if one.error is not None and other.error is not None:
        return one.error == other.error
    found = compare(one, other, optional=stage.optional, loose=stage.loose)
    return found.verdict in (Verdict.SAME, Verdict.NOT_SEEN)


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
    with _PARSING:
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
