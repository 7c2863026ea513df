"""What is said about one check: its message, without anything that a hidden input could shine through."""

from __future__ import annotations

import re

from support.outcomes import Outcome, Record

GRADER_FAILED = "The autograder itself failed in this check. That is no fault of your code."
_WITHOUT_MESSAGE = {
    Outcome.NOT_REACHED: "This check was not reached.",
    Outcome.NOT_RUN: "This check was left out of this run.",
}
# In a check with hidden inputs, whatever a student's process sends may carry those inputs: a message, a line number,
# the name of a type. So sentences from a closed list stand in its place; an exception's is in its record.
_HIDDEN = {
    Outcome.TIMED_OUT: (
        "A call into your code did not come back in time. Look for a loop that does not end, and for one over single "
        "positions where one operation on whole tensors would do."
    ),
    Outcome.OUT_OF_MEMORY: "Your code asked for more memory than the limit allows.",
}
_HIDDEN_STUB = "Not implemented yet: your code raised NotImplementedError."
_HIDDEN_SUFFIX = "The inputs of this check are not shown."
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
MOST_NUMBERS, MOST_DIGITS = 8, 4  # of an answer, in a check with hidden inputs


def explanation(record: Record, hidden: bool) -> str:
    """The sentences for this outcome, one a line; "" for a check that passed. It may contain a student's text.

    A `hidden` check has inputs that must not become known: no values, and nothing that the student's code said.
    """
    if record.outcome is Outcome.PASSED:
        return ""
    if record.outcome is Outcome.GRADER_ERROR:
        return GRADER_FAILED
    if not hidden or record.outcome in _WITHOUT_MESSAGE:
        message = record.message or _WITHOUT_MESSAGE.get(record.outcome, "")
        return f"{message}\n{record.values}".strip()
    return _hidden(record)


def _hidden(record: Record) -> str:
    if record.outcome is Outcome.BLOCKED:
        # The first line names what to fix first; what follows is the blocked failure's own message.
        return record.message.partition("\n")[0]
    if record.stub:
        return _HIDDEN_STUB
    return f"{_hidden_message(record)}\n{_HIDDEN_SUFFIX}"


def _hidden_message(record: Record) -> str:
    if record.outcome is Outcome.ERROR:
        return record.disclosed or "Your code raised an exception."
    return _HIDDEN.get(record.outcome) or _with_few_numbers(record.message)


def _with_few_numbers(message: str) -> str:
    """The same message, with a question mark for most numbers that the answer brought up.

    A shape has room for a whole text. Shown are numbers that the check itself names, and one short one besides.
    """
    asked, mark, got = message.partition("\nGot: ")
    named, met, shown = set(_NUMBER.findall(asked)), 0, 0

    def masked(number: re.Match[str]) -> str:
        nonlocal met, shown
        met += 1
        is_new = number[0] not in named
        shown += is_new
        is_long = len(number[0].replace(".", "")) > MOST_DIGITS
        return "?" if met > MOST_NUMBERS or (is_new and (shown > 1 or is_long)) else number[0]

    return f"{asked}{mark}{_NUMBER.sub(masked, got)}"
