"""The faults: what breaks, and what must become of the run.

A case's letters stand for checks 1.1 to 1.5 and 2.1: P passed, F failed, G grader error, N not reached, - not run. The
submission is wrong in 1.2, and right everywhere else. Faults that strike in the middle strike in 1.3.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.faults.stage import Case, Stage
from tests.patches import Change

Inject = Callable[[Stage], None]
CASES: dict[str, Case] = {}


def _case(
    inject: Inject,
    code: int,
    state: str,
    outcomes: str | None,
    said: str,
    printed: str,
    changes: tuple[Change, ...],
    options: dict[str, bool],
) -> Inject:
    name = inject.__name__
    if name in CASES:
        raise ValueError(f"two cases are called {name}")
    CASES[name] = Case(inject, code, state, outcomes, said, printed, changes, **options)
    return inject


def harmless(
    outcomes: str = "PFPPP-", *, printed: str = "", code: int = 0, changes: tuple[Change, ...] = (), **options: bool
) -> Callable[[Inject], Inject]:
    """The run is graded, with every point that was due."""
    return lambda inject: _case(inject, code, "graded", outcomes, "", printed, changes, options)


def not_graded(
    outcomes: str, said: str, *, printed: str | None = None, code: int = 3, **options: bool
) -> Callable[[Inject], Inject]:
    """The run says that it is not graded, and why: to staff in the results, and on stderr."""
    heard = said if printed is None else printed
    return lambda inject: _case(inject, code, "not graded", outcomes, said, heard, (), options)


def unfinished(
    outcomes: str, printed: str, *, code: int = 3, changes: tuple[Change, ...] = (), **options: bool
) -> Callable[[Inject], Inject]:
    """The results could not be brought to an end: they have what was earned, and say that the run was cut off."""
    return lambda inject: _case(inject, code, "unfinished", outcomes, "Regrade it", printed, changes, options)


def without_results(code: int, printed: str, **options: bool) -> Callable[[Inject], Inject]:
    """There is no place where results could be."""
    return lambda inject: _case(inject, code, "", None, "", printed, (), options)


KILLED = -signal.SIGKILL

# Importing them enters their cases.
from tests.faults import disk, environment, memory, own_files, processes, report  # noqa: E402, F401
