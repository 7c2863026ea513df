"""Judging a composition without punishing it for a mistake in the parts below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from support.checking import CheckFailure, Submission, SubmissionError
from support.parts import with_parts_below
from support.reports import doubles_were_called


def compose(
    submission: Submission,
    *,
    own: Callable[[], None],
    doubled: Callable[[], None],
    replaced: Sequence[str],
) -> None:
    """Pass when `own` passes, or when `doubled` does with `replaced` parts swapped for the stand-ins in `doubles`.

    Both callables build the objects that they need and raise CheckFailure when the result is wrong. What `doubled`
    finds counts only if the composition really called the stand-ins; code that computes everything itself is
    judged by `own` alone.
    """
    try:
        own()
        return
    except (CheckFailure, SubmissionError) as error:
        failure = error
    submission.probes.install_doubles(list(replaced))
    try:
        doubled()
        called, found = doubles_were_called(submission), None
    except CheckFailure as error:
        called, found = doubles_were_called(submission), error
    except SubmissionError:
        raise failure from None
    finally:
        submission.probes.remove_doubles()
    if not called:
        raise failure
    if found is not None:
        # What a student can repeat is the run on the submission's own parts; the stand-ins settled whose mistake it is.
        shown = failure if isinstance(failure, CheckFailure) else found
        settled = with_parts_below(replaced)
        raise CheckFailure(shown.did, shown.expected, shown.got, values=shown.values, settled=settled)
