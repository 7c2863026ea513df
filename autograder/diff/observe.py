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


@dataclass(frozen=True)
class Look:
    """A stage with the side's own parts below it, and, where it called them, with stand-ins in their place."""

    own: Seen
    doubled: Seen | None = None


def look_at_all(side: Subject, stages: Iterable[Stage]) -> dict[str, Look]:
    """Run these stages, by id; those that need an accelerator in a worker that has had it from its start."""
    looks: dict[str, Look] = {}
    device = ""
    for stage in stages:
        if stage.device != device:
            device = stage.device
            side.renew(device)
        looks[stage.id] = look_at(side, stage.look, stage.replaced)
    return looks


def look_at(side: Subject, run: Callable[[Submission], Values], replaced: tuple[str, ...] = ()) -> Look:
    """Run a stage. With `replaced` it is run a second time, with stand-ins in the place of these parts."""
    own = seen(side, run)
    if not replaced:
        return Look(own)
    try:
        with side.a_stage():
            side.probes.install_doubles(list(replaced))
        doubled = seen(side, run)
        with side.a_stage():
            called = side.probes.doubles_were_called() is True
    except SubmissionError:
        return Look(own)  # a part that is missing cannot be replaced
    finally:
        with contextlib.suppress(SubmissionError), side.a_stage():
            side.probes.remove_doubles()
    return Look(own, doubled if called and doubled.error is None else None)


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
