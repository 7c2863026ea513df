"""What a failure is called, what is blocked, and which check a student is sent to first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.grading.catalogue import load_catalogue
from support.answers import unreadable
from support.failures import SubmissionError
from support.outcomes import IMPORT_FIRST, KEEP_THE_ARGUMENTS, Outcome, Record, record_of, settle

INFOS = load_catalogue().by_number


def failed(number: str, *settled: str) -> Record:
    return Record(INFOS[number], Outcome.FAILED, "It differs.", settled=frozenset(settled))


def settled(*records: Record) -> dict[str, Record]:
    return {record.info.number: record for record in settle(records)}


def test_a_blocked_check_names_the_part_that_is_at_fault_and_none_that_waits_for_it() -> None:
    records = settled(failed("5.3"), failed("2.2"), failed("2.9"), failed("2.20"))
    assert records["5.3"].outcome is Outcome.FAILED
    for number in ("2.2", "2.9", "2.20"):
        assert records[number].outcome is Outcome.BLOCKED
        assert records[number].message.startswith(
            "This check builds on something that is not right yet. Fix first: get_batch (check 5.3).\n"
        )


def test_parts_that_are_at_fault_side_by_side_are_all_named() -> None:
    records = settled(failed("5.3"), failed("5.9"), failed("2.2"))
    assert "Fix first: get_batch (check 5.3), loss_fn (check 5.9).\n" in records["2.2"].message


def test_when_all_causes_wait_what_they_wait_for_is_named() -> None:
    records = settled(failed("6.8"), failed("5.21"), failed("6.13"))
    assert records["5.21"].outcome is Outcome.BLOCKED
    assert "Fix first: positions (check 6.8).\n" in records["6.13"].message


def test_checks_that_wait_for_one_another_are_blocked_all_the_same() -> None:
    first, second = (
        Record(replace(INFOS[number], covers=frozenset({"train"}), requires=frozenset({"train"})), Outcome.FAILED, "m.")
        for number in ("2.9", "4.8")
    )
    assert {record.outcome for record in settle([first, second])} == {Outcome.BLOCKED}


def test_what_stand_ins_settled_blocks_nothing() -> None:
    records = settled(failed("7.1"), failed("6.2", "attention_scores"))
    assert records["6.2"].outcome is Outcome.FAILED
    assert settled(failed("7.1"), failed("6.2"))["6.2"].outcome is Outcome.BLOCKED


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (SubmissionError(["TypeError"], "f() missing 1 required positional argument: 'device'"), KEEP_THE_ARGUMENTS),
        (SubmissionError(["TypeError"], "g() got an unexpected keyword argument", "data.py, line 3"), None),
        (SubmissionError(["ModuleNotFoundError", "ImportError"], "No module named 'x'", "data.py"), IMPORT_FIRST),
        (SubmissionError(["IndexError"], "index 3 is out of range", "data.py, line 3"), None),
    ],
)
def test_an_error_that_says_nothing_about_the_check_has_another_hint(error: SubmissionError, hint: str | None) -> None:
    assert record_of(INFOS["5.1"], error).hint == (hint or INFOS["5.1"].hint)


def test_answers_that_cannot_be_read_are_a_failure_with_its_reason() -> None:
    record = record_of(INFOS["2.31"], unreadable("answers.toml is missing: copy it from the handout and fill it in."))
    assert record.outcome is Outcome.FAILED
    assert "Got: answers.toml is missing: copy it from the handout and fill it in." in record.message
    assert "copy one of the listed answers" in record.hint
