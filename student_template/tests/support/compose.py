"""Judging a composition without punishing it for a mistake in the parts below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from support.checking import CheckFailure, Submission, SubmissionError
from support.parts import with_parts_below


def compose(
    submission: Submission,
    *,
    own: Callable[[], None],
    doubled: Callable[[], None],
    replaced: Sequence[str],
) -> None:
    """Pass when `own` passes, or when `doubled` does with `replaced` parts swapped for the stand-ins in `doubles`.

    Both callables build the objects that they need and raise CheckFailure when the result is wrong. A failure
    with doubles counts against the composition only if it really called them; code that computes everything
    itself is judged by `own` alone.
    """
    try:
        own()
        return
    except (CheckFailure, SubmissionError) as error:
        failure = error
    submission.probes.install_doubles(list(replaced))
    try:
        doubled()
    except CheckFailure as error:
        if submission.probes.doubles_were_called():
            raise CheckFailure(
                error.did, error.expected, error.got, values=error.values, settled=with_parts_below(replaced)
            ) from None
        raise failure from None
    except SubmissionError:
        raise failure from None
    finally:
        submission.probes.remove_doubles()
