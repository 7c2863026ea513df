"""How a check can fail: the submission behaves otherwise than expected, or its code raises, hangs or dies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class CheckFailure(AssertionError):
    """The submission's behaviour differs from what a check expects.

    `did`, `expected` and `got` are sentences for the student. `values` may show numbers; the grader leaves it
    out where the input is hidden. `advice` is a better hint than the check's own. `settled` names the parts that
    were replaced by doubles when the failure was seen, so that a mistake in them cannot be its cause.
    """

    def __init__(
        self, did: str, expected: str, got: str, *, values: str = "", advice: str = "", settled: Iterable[str] = ()
    ) -> None:
        super().__init__(f"{did}: expected {expected}, got {got}")
        self.did, self.expected, self.got, self.values, self.advice = did, expected, got, values, advice
        self.settled = frozenset(settled)


class SubmissionError(Exception):
    """Student code raised. `type_names` is the exception's class and its bases, most derived first."""

    def __init__(self, type_names: Sequence[str], message: str, where: str = "") -> None:
        super().__init__(f"{type_names[0]}: {message}" + (f" ({where})" if where else ""))
        self.type_names, self.message, self.where = list(type_names), message, where

    @property
    def not_implemented(self) -> bool:
        """Whether a stub of the template was reached."""
        return "NotImplementedError" in self.type_names


class CallTimedOut(SubmissionError):
    """A call into the submission did not come back within its time limit."""


class OutOfMemory(SubmissionError):
    """Student code asked for more memory than the limit allows."""


class WorkerDied(SubmissionError):
    """The process that runs the student's code ended in the middle of a call."""


class Replaced(SubmissionError):
    """Student code replaced something that grading relies on, so what it answers says nothing."""


class Missing(SubmissionError):
    """The submission does not have something that the template has under this name."""


class BadReply(SubmissionError):
    """What came back from the submission's process is no valid answer."""
