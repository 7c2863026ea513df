"""What became of a check, in words: the same for a student's terminal and for the grader's results."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from support.failures import (
    BadReply,
    CallTimedOut,
    CheckFailure,
    Missing,
    OutOfMemory,
    Replaced,
    SubmissionError,
    WorkerDied,
)
from support.info import CheckInfo
from support.parts import LACKS


class Outcome(enum.Enum):
    """The value is the word that people read."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error in the submission"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    BLOCKED = "blocked"
    GRADER_ERROR = "grader error"
    NOT_RUN = "not run"
    NOT_REACHED = "not reached"


_UNSETTLED = {Outcome.FAILED, Outcome.ERROR, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY}
_NOT_RIGHT = {*_UNSETTLED, Outcome.BLOCKED}


KEEP_THE_NAMES = (
    "The checks find your code by the template's names: has one been changed, left out, or made to stand for another?"
)
TWO_DEVICES = "to be on the same device"
KEEP_THE_ARGUMENTS = (
    "Compare the line that begins with `def` with the template's: names, order and number of arguments."
)
IMPORT_FIRST = "As long as Python cannot import a file, nothing in it can be checked: begin with what stops it."
_KINDS = {
    WorkerDied: "The process that runs your code ended in the middle of a call.",
    BadReply: "Your code gave an answer that cannot be read.",
    Replaced: "Your code replaced something that grading relies on.",
}
_EXCEPTIONS = frozenset(
    (
        *("AssertionError", "AttributeError", "ImportError", "IndexError", "KeyError", "NameError", "OSError"),
        *("RecursionError", "RuntimeError", "StopIteration", "SystemExit", "TypeError", "UnboundLocalError"),
        *("UnicodeError", "ValueError", "ZeroDivisionError"),
    )
)


@dataclass(frozen=True)
class Record:
    """One check's result. `message` has one line per sentence and is empty when the check passed.

    `values` holds numbers that may be shown only where the check's input is public. `disclosed` is a sentence of
    our own that says, where it is not, what a student's process reported. `advice` is a better hint than the check's.
    `memory_mb` is the most that a process of the submission took, PyTorch included; 0 where that is not known.
    """

    info: CheckInfo
    outcome: Outcome
    message: str = ""
    values: str = ""
    disclosed: str = ""
    advice: str = ""
    settled: frozenset[str] = field(default_factory=frozenset)
    stub: bool = False
    seconds: float = 0.0
    memory_mb: float = 0.0

    @property
    def hint(self) -> str:
        """The one hint that goes with this outcome."""
        return self.advice or self.info.hint


def record_of(info: CheckInfo, error: BaseException | None, seconds: float = 0.0) -> Record:
    """Turn what a check raised into its record. Anything unforeseen is the grader's error, never the student's."""
    if error is None:
        return Record(info, Outcome.PASSED, seconds=seconds)
    if isinstance(error, CheckFailure):
        message = f"{_sentence(error.did)}\nExpected: {error.expected}.\nGot: {error.got}."
        record = Record(info, Outcome.FAILED, message, error.values, settled=error.settled, seconds=seconds)
        return replace(record, advice=error.advice)
    if isinstance(error, SubmissionError):
        if error.not_implemented:
            return Record(info, Outcome.FAILED, f"not implemented yet: {error.message}", stub=True, seconds=seconds)
        where = f"\nWhere: {error.where}" if error.where else ""
        record = Record(info, _outcome_of(error), f"{_raised(error)}{where}", seconds=seconds)
        return replace(record, disclosed=_disclosed(error), advice=_advice(error))
    return Record(info, Outcome.GRADER_ERROR, f"{type(error).__name__}: {error}", seconds=seconds)


def settle(records: Iterable[Record]) -> list[Record]:
    """Mark as blocked each failure that a broken part below it explains, naming the check to look at first.

    A part is broken when a check that covers it did not pass; for a check that covers the part itself, when one of
    another problem did not. A failure seen with doubles in the place of a part, or a stub that was reached, is the
    check's own.
    """
    done = list(records)
    broken = broken_parts(done)
    if not broken:
        return done
    causes = {record.info.number: _causes(record, broken) for record in done}
    return [_block(record, _roots(record.info.number, causes)) for record in done]


def broken_parts(records: Iterable[Record]) -> dict[str, list[CheckInfo]]:
    """Each part that a check covers which did not pass, with all such checks in their order."""
    broken: dict[str, list[CheckInfo]] = {}
    wrong = [record.info for record in records if record.outcome in _NOT_RIGHT]
    for info in sorted(wrong, key=lambda info: info.order):
        for part in info.covers:
            broken.setdefault(part, []).append(info)
    return broken


def _causes(record: Record, broken: dict[str, list[CheckInfo]]) -> dict[str, list[CheckInfo]]:
    """The parts that explain this failure, each with the checks that found it broken; none for the check's own."""
    if record.outcome not in _UNSETTLED or record.stub:
        return {}
    causes: dict[str, list[CheckInfo]] = {}
    for part in sorted(record.info.requires - record.settled):
        own_problem = {record.info.problem} if part in record.info.covers else set[int]()
        found = [info for info in broken.get(part, []) if info.problem not in own_problem]
        if found:
            causes[part] = found
    return causes


def _roots(
    number: str, causes: dict[str, dict[str, list[CheckInfo]]], seen: frozenset[str] = frozenset()
) -> dict[str, CheckInfo]:
    """The causes of a check's failure that have none themselves, or else theirs: what waits for them may be right.

    Of checks that wait for one another, `seen` has those that were met; the first of them is named.
    """
    found = {part: [info for info in infos if not causes[info.number]] for part, infos in causes[number].items()}
    roots = {part: infos[0] for part, infos in found.items() if infos}
    if roots:
        return roots
    for part, infos in causes[number].items():
        first = infos[0]
        roots |= {part: first} if first.number in seen else _roots(first.number, causes, seen | {number})
    return roots


def _block(record: Record, roots: dict[str, CheckInfo]) -> Record:
    if not roots:
        return record
    first = ", ".join(f"{part} (check {info.number})" for part, info in roots.items())
    note = f"This check builds on something that is not right yet. Fix first: {first}."
    return replace(record, outcome=Outcome.BLOCKED, message=f"{note}\n{record.message}")


def _outcome_of(error: SubmissionError) -> Outcome:
    if isinstance(error, CallTimedOut):
        return Outcome.TIMED_OUT
    return Outcome.OUT_OF_MEMORY if isinstance(error, OutOfMemory) else Outcome.ERROR


def _raised(error: SubmissionError) -> str:
    if type(error) is SubmissionError:
        return f"Your code raised {error.type_names[0]}: {error.message}"
    return _sentence(error.message)


def _advice(error: SubmissionError) -> str:
    if isinstance(error, Missing):
        return KEEP_THE_NAMES
    if error.type_names[0] == "TypeError" and not error.where and " argument" in error.message:
        return KEEP_THE_ARGUMENTS  # Python refused the call itself
    return IMPORT_FIRST if {"SyntaxError", "ImportError"} & set(error.type_names) else ""


def _disclosed(error: SubmissionError) -> str:
    """What an error may be called where inputs are hidden: whatever the student's process said, one of a few."""
    if isinstance(error, Missing):
        return (
            _sentence(error.message)
            if error.message in LACKS
            else "A part of your code lacks a name that the template gives it."
        )
    for kind, sentence in _KINDS.items():
        if isinstance(error, kind):
            return sentence
    if TWO_DEVICES in error.message:
        return "Your code raised PyTorch's error about tensors on two devices."
    known = next((name for name in error.type_names if name in _EXCEPTIONS), None)
    if known is None:
        return "Your code raised an exception."
    return f"Your code raised {'an' if known[0] in 'AEIOU' else 'a'} {known}."


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
