"""Running one stage on one side: what came back, or what went wrong, never an exception of this tool's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from autograder.diff.stage import Stage, Values
from autograder.diff.subject import Subject
from autograder.sandbox.zygote import SandboxError
from support.checking import CheckFailure, Submission, SubmissionError

SEED = 0
MOST_PARTS = 2_000  # of values in one answer, so that comparing them takes no time worth a mention


@dataclass(frozen=True)
class Seen:
    """What one side answered, by name; or `error`, what was raised instead, as its type and its message."""

    values: Values = field(default_factory=dict)
    error: tuple[str, str] | None = None
    where: str = ""

    @property
    def hangs(self) -> bool:
        """Whether it did not come to an end."""
        return self.error is not None and self.error[0] == "TimeoutError" and not self.where


@dataclass(frozen=True)
class Look:
    """A stage with the side's own parts below it, and, where that was asked for, with stand-ins that it called."""

    own: Seen
    doubled: Seen | None = None


def look_at_all(
    side: Subject, stages: Iterable[Stage], unlike: Callable[[Stage, Seen], bool] = lambda stage, own: True
) -> dict[str, Look]:
    """Run these stages, by id; those that need an accelerator in a worker that has had it from its start.

    `unlike` says whether what was seen of a stage is worth a second look, with stand-ins.
    """
    looks: dict[str, Look] = {}
    device = ""
    for stage in stages:
        side.hurried = any(name in looks and looks[name].own.hangs for name in stage.builds_on)
        if stage.device != device:
            device = stage.device
            side.renew(device)
        own = seen(side, stage.look)
        again = stage.replaced and unlike(stage, own)
        looks[stage.id] = Look(own, _with_stand_ins(side, stage) if again else None)
    side.hurried = False
    return looks


def _with_stand_ins(side: Subject, stage: Stage) -> Seen | None:
    """The stage with stand-ins in the place of the parts below it; None where they were not called, or it failed."""
    try:
        with side.a_stage():
            side.probes.install_doubles(list(stage.replaced))
        doubled = seen(side, stage.look)
        with side.a_stage():
            called = side.probes.doubles_were_called() is True
    except SubmissionError:
        return None  # a part that is missing cannot be replaced
    finally:
        with contextlib.suppress(SubmissionError), side.a_stage():
            side.probes.remove_doubles()
    return doubled if called and doubled.error is None else None


def seen(side: Subject, run: Callable[[Submission], Values]) -> Seen:
    """Run it and keep what it gives, or what went wrong. Raises SandboxError alone."""
    try:
        with side.a_stage():
            side.probes.seed_torch(SEED)  # so that two sides that draw alike get the same
            return Seen(run(side))
    except SubmissionError as error:
        return Seen(error=(error.type_names[0], error.message), where=error.where)
    except CheckFailure as error:
        return Seen(error=("", f"expected {error.expected}, got {error.got}"))
    except SandboxError:
        raise
    except Exception as error:  # an answer may be anything, so whatever is done with it may raise anything
        return Seen(error=("", f"the answer is of no use: {type(error).__name__}: {error}"))
