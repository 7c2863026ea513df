"""One comparison after the other in a process that has everything ready: a zygote, and the other side observed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from autograder.diff import flow as flows
from autograder.diff.compare import Verdict, compare
from autograder.diff.observe import Look, Seen, look_at_all
from autograder.diff.rows import LONG, Observed, Row, all_stages, rows
from autograder.diff.stage import Stage
from autograder.diff.subject import Subject
from autograder.paths import REFERENCE
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Zygote

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REFERENCE_NAME = "reference"
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Side:
    """What is compared: the clean copy of a submission, its written answers, and a name for people."""

    name: str
    code: Path
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Two sides compared. `unimportable` has a sentence for each module of `mine` that cannot be imported.

    `causes` are sentences: the common mistakes that give the same at the first red row, and at all that depends on it;
    None where they were not looked for.
    """

    right: Side
    mine: Side
    rows: list[Row]
    seen: tuple[Observed, Observed]
    unimportable: tuple[str, ...] = ()
    causes: tuple[str, ...] | None = None


class Memory(Protocol):
    """What was seen in an earlier run of the right side, if it was the same, and of it with a change."""

    def recall(self, answers: Mapping[str, Any]) -> Observed | None:
        """It, with these written answers."""

    def keep(self, seen: Observed) -> None:
        """For later runs, if it went well."""

    def recall_tried(self, change: Iterable[str]) -> dict[str, Look]:
        """What was seen of it with this change, by name."""

    def keep_tried(self, change: Iterable[str], looks: Mapping[str, Look]) -> None:
        """For later runs, of these looks those that last."""


class NoMemory:
    """Knows nothing of earlier runs."""

    def recall(self, answers: Mapping[str, Any]) -> Observed | None:
        return None

    def keep(self, seen: Observed) -> None:
        pass

    def recall_tried(self, change: Iterable[str]) -> dict[str, Look]:
        return {}

    def keep_tried(self, change: Iterable[str], looks: Mapping[str, Look]) -> None:
        pass


def reference_side() -> Side:
    """The reference."""
    return Side(REFERENCE_NAME, REFERENCE, answers_in(REFERENCE))


def answers_in(folder: Path) -> dict[str, Any]:
    """What stands in a folder's answers.toml, {} when it cannot be read."""
    try:
        return tomllib.loads((folder / "answers.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Differ:
    """Compares submissions with `right`, which is observed once, or has been before if the `memory` has it.

    `device` is where the device stages run: cuda, mps or the simulated `gpu`. `forbidden` are library calls that
    the assignment does not allow.
    """

    def __init__(
        self,
        zygote: Zygote,
        right: Side,
        device: str = "gpu",
        limits: Limits | None = None,
        forbidden: Sequence[str] = (),
        memory: Memory | None = None,
    ) -> None:
        self._zygote = zygote
        self._limits, self._forbidden = limits or Limits(), forbidden
        self.right, self.device = right, device
        self.stages = all_stages(device)
        self.memory: Memory = memory or NoMemory()
        self._expected: Observed | None = None

    @property
    def expected(self) -> Observed:
        """What was seen of the right side."""
        known = self._known()
        if known is None:
            [(known, _)] = self._observe(self.right)
            self._remember(known)
        return known

    def compare(self, mine: Side) -> Comparison:
        """Compare one submission with the right side, which is observed beside it if it has not been yet."""
        known = self._known()
        if known is None:
            (known, _), (seen, problems) = self._observe(self.right, mine)
            self._remember(known)
        else:
            [(seen, problems)] = self._observe(mine)
        return Comparison(self.right, mine, rows(self.stages, known, seen), (known, seen), tuple(problems))

    def _known(self) -> Observed | None:
        if self._expected is None:
            self._expected = self.memory.recall(self.right.answers)
        return self._expected

    def _remember(self, expected: Observed) -> None:
        self._expected = expected
        self.memory.keep(expected)

    def _observe(self, *sides: Side) -> list[tuple[Observed, list[str]]]:
        """Run every stage on these sides; for each also a sentence for each module that cannot be imported.

        A side has two workers, with about as much to do: two processors are what most machines have.
        """
        orders = [(side, is_long) for side in sides for is_long in (True, False)]
        halves = self.side_by_side(lambda order: self._observe_half(*order), orders)
        return [
            (Observed({**short.looks, **long.looks}, long.flow, long.answers), list(dict.fromkeys(more + problems)))
            for (long, more), (short, problems) in zip(halves[::2], halves[1::2], strict=True)
        ]

    def _observe_half(self, side: Side, is_long: bool) -> tuple[Observed, list[str]]:
        stages = [stage for stage in self.stages if (stage.id in LONG) is is_long]
        with contextlib.closing(self.subject(side.code)) as subject:
            problems = subject.import_all()
            looks = look_at_all(subject, stages, self._is_unlike)
            if not is_long:
                return Observed(looks, flows.Flow({}), side.answers), problems
            subject.renew()  # settings of PyTorch's that a stage left changed belong to that stage
            return Observed(looks, flows.run(subject), side.answers), problems

    def _is_unlike(self, stage: Stage, own: Seen) -> bool:
        """Whether this differs from what was seen of the right side, if anything was."""
        if self._expected is None:
            return True
        right = self._expected.looks[stage.id].own
        return compare(right, own, optional=stage.optional, loose=stage.loose).verdict is Verdict.DIFFERENT

    def subject(self, code: Path) -> Subject:
        """A side in its worker, under this comparison's limits."""
        return Subject(self._zygote, code, limits=self._limits, forbidden=self._forbidden)

    def side_by_side(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """What `work` returns for each item, two at a time. Its workers end when this is interrupted."""
        with ThreadPoolExecutor(2) as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._zygote.close()
                raise
