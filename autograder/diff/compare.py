"""Two sides' answers to one stage, compared: shape, dtype, how far apart, and where first."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from autograder.diff.observe import MOST_PARTS, Seen
from autograder.diff.stage import Place
from support.checking import ATOL, RTOL
from support.replies import kind_of


class Verdict(enum.Enum):
    """The value is the word that people read."""

    SAME = "same"
    DIFFERENT = "different"
    FOLLOWS = "follows"
    NOT_SEEN = "not seen"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Difference:
    """How one stage of the submission's (`got`) compares with the other side's (`expected`).

    `name` says which of the stage's values the rest is about: the first that differs, else the first. `device` is where
    the submission's lies, where the stage is about that. Differences are
    None where there are no two tensors of one shape to subtract; `max_abs` and `mean_abs` leave out places where
    either is no finite number, which `strange` counts.
    """

    verdict: Verdict
    name: str = ""
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    device: str = ""
    expected_shape: tuple[int, ...] | None = None
    expected_dtype: str = ""
    max_abs: float | None = None
    mean_abs: float | None = None
    strange: int = 0
    index: tuple[int, ...] | None = None
    expected: str = ""
    got: str = ""
    note: str = ""


def compare(right: Seen, mine: Seen, *, optional: bool = False, loose: float = 1.0) -> Difference:
    """What is first different, or, when nothing is, the largest difference that counts for none.

    `optional`: what only one side has is "not seen", also where the other was ended by a mistake elsewhere. `loose`
    widens the tolerance.
    """
    if right.error or mine.error:
        if optional and not (right.error and mine.error):
            ended = said(right) if right.error else said(mine)
            return Difference(Verdict.NOT_SEEN, note=f"what goes through this step did not end well: {ended}")
        return _errors(right, mine)
    expected, got = dict(_parts(right.values)), dict(_parts(mine.values))
    if optional:
        common = [name for name in expected if name in got]
        if not common:
            return Difference(Verdict.NOT_SEEN, note="one side does not go through this step by itself")
        expected, got = ({name: values[name] for name in common} for values in (expected, got))
    found = Difference(Verdict.SAME)
    for name in [*expected, *(name for name in got if name not in expected)]:
        one = _one(name, expected.get(name, MISSING), got.get(name, MISSING), loose)
        if one.verdict is not Verdict.SAME:
            return one
        if not found.name or (one.max_abs or 0.0) > (found.max_abs or 0.0):
            found = one
    return found


def same(right: Seen, mine: Seen) -> bool:
    """Whether both gave the same, errors included."""
    return compare(right, mine).verdict is Verdict.SAME


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


def _errors(right: Seen, mine: Seen) -> Difference:
    if right.error == mine.error:
        return Difference(Verdict.SAME, expected=said(right), got=said(mine))
    return Difference(Verdict.DIFFERENT, expected=said(right), got=said(mine), note=mine.where)


def said(seen: Seen) -> str:
    """What became of a run, in a few words."""
    if seen.error is None:
        return "a result"
    kind, message = seen.error
    return f"{kind}: {message}".strip(": ")


def _parts(values: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The values inside lists, tuples and dicts, with a name for each; short plain lists stay whole."""
    if isinstance(values, dict) and depth < 4:
        for key, value in list(values.items())[:MOST_PARTS]:
            yield from _parts(value, f"{name}, {key}".strip(", "), depth + 1)
    elif isinstance(values, (list, tuple)) and depth < 4 and any(isinstance(value, Tensor) for value in values):
        for index, value in enumerate(values[:MOST_PARTS]):
            yield from _parts(value, f"{name}[{index}]", depth + 1)
    else:
        yield name, values


def _one(name: str, expected: Any, got: Any, loose: float) -> Difference:
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        return replace(_tensors(expected.detach(), got.detach(), loose), name=name)
    if isinstance(expected, float) and isinstance(got, float):
        found = _tensors(torch.tensor(expected), torch.tensor(got), loose)
        return replace(found, name=name, shape=None, expected_shape=None, dtype="float", expected_dtype="float")
    if isinstance(expected, Place) and isinstance(got, Place):
        verdict = Verdict.SAME if expected == got else Verdict.DIFFERENT
        return Difference(verdict, name, device=str(got), expected=str(expected), got=str(got))
    verdict = Verdict.SAME if _equal(expected, got) else Verdict.DIFFERENT
    note = _first_letter(expected, got) if verdict is Verdict.DIFFERENT else ""
    return Difference(
        verdict,
        name,
        dtype=_kind(got),
        expected_dtype=_kind(expected),
        expected=clip(expected),
        got=clip(got),
        note=note,
    )


def _tensors(expected: Tensor, got: Tensor, loose: float) -> Difference:
    facts = Difference(
        Verdict.SAME,
        shape=tuple(got.shape),
        dtype=_dtype(got),
        expected_shape=tuple(expected.shape),
        expected_dtype=_dtype(expected),
    )
    if expected.shape != got.shape:
        return replace(
            facts,
            verdict=Verdict.DIFFERENT,
            expected=f"shape {list(expected.shape)}",
            got=f"shape {list(got.shape)}",
            note="another shape",
        )
    if expected.dtype == got.dtype and torch.equal(expected, got):
        return replace(facts, max_abs=0.0, mean_abs=0.0)
    a, b = expected.to(torch.float64), got.to(torch.float64)
    equal = (a == b) | (a.isnan() & b.isnan())
    finite = a.isfinite() & b.isfinite()
    distance = torch.where(finite & ~equal, (a - b).abs(), torch.zeros_like(a))
    wrong = ~(equal | (finite & (distance <= loose * (ATOL + RTOL * a.abs()))))
    facts = replace(
        facts,
        max_abs=float(distance.max()) if distance.numel() else 0.0,
        mean_abs=float(distance.mean()) if distance.numel() else 0.0,
        strange=int((~finite & ~equal).sum()),
    )
    if bool(wrong.any()):
        index = tuple(wrong.nonzero()[0].tolist())
        return replace(
            facts,
            verdict=Verdict.DIFFERENT,
            index=index,
            expected=f"{float(a[index]):.6g}",
            got=f"{float(b[index]):.6g}",
        )
    if expected.dtype != got.dtype:
        return replace(
            facts,
            verdict=Verdict.DIFFERENT,
            expected=_dtype(expected),
            got=_dtype(got),
            note="the same numbers, another dtype",
        )
    return facts


def _first_letter(expected: Any, got: Any) -> str:
    rows = (str, list, tuple)
    if not isinstance(expected, rows) or not isinstance(got, rows) or type(expected) is not type(got):
        return ""
    pairs = enumerate(zip(expected, got, strict=False))
    first = next((i for i, (a, b) in pairs if not _equal(a, b)), min(len(expected), len(got)))
    return f"first at place {first}"


def _equal(a: Any, b: Any) -> bool:
    if type(a) is not type(b) or isinstance(a, Tensor):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, float):
        return bool(a == b or (a != a and b != b))
    return bool(a == b)


def _kind(value: Any) -> str:
    return "nothing" if isinstance(value, _Missing) else kind_of(value)


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def clip(value: Any, limit: int = 120) -> str:
    """The value in a line; a tensor by its kind."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}, {_dtype(value)}"
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
