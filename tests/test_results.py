"""What Gradescope, students and instructors get to see, against the schema and golden files.

After a wanted change: `python -m pytest tests/test_results.py --regenerate-golden`, then read the diff.
"""

import json
from dataclasses import replace

import jsonschema
import pytest

from autograder.results.explain import explanation
from autograder.results.gradescope import document, not_graded
from autograder.results.tally import only_together
from autograder.results.text import prose
from support.failures import BadReply, Missing, SubmissionError, WorkerDied
from support.info import CheckInfo
from support.outcomes import KEEP_THE_NAMES, Outcome, Record, record_of
from tests.made_up_runs import (
    DID,
    DOCUMENTS,
    FACTS,
    HEAD,
    HERE,
    HIDDEN,
    MASK,
    PASSED,
    POINTS,
    RUNS,
    SCHEMA,
    SHOWN,
    build,
    by_number,
    info,
    printed,
    seen_by_students,
    staff,
    valid,
    with_future,
)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for wrong in ({"status": None}, {"status": "error"}, {"score": "1"}, {"visibility": "public"}, {"points": 1}):
        made = json.loads(json.dumps(DOCUMENTS["passed"]))
        made["tests"][0] |= wrong
        with pytest.raises(jsonschema.ValidationError):
            valid(made)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_golden_documents(name: str, request: pytest.FixtureRequest) -> None:
    made = valid(DOCUMENTS[name])
    golden = HERE / "golden" / f"{name}.json"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert made == json.loads(golden.read_text(encoding="utf-8"))


def test_every_outcome_has_a_golden_document() -> None:
    outcomes = {record.outcome for records, _ in RUNS.values() for record in records}
    assert outcomes == set(Outcome)
    assert {path.stem for path in (HERE / "golden").glob("*.json")} == set(DOCUMENTS)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "first_without_checks"])
def test_every_check_is_there_once_and_in_order(name: str) -> None:
    assert list(by_number(DOCUMENTS[name])) == ["6.10", "8.1", "8.2"]


@pytest.mark.parametrize("outcome", Outcome)
def test_status_is_passed_or_failed_and_left_out_without_a_verdict(outcome: Outcome) -> None:
    test = by_number(document(with_future(outcome), POINTS, SHOWN, FACTS, hidden=HIDDEN))["8.2"]
    expected = {"passed": "passed", "grader error": None, "not run": None, "not reached": None}
    assert test.get("status") == expected.get(outcome.value, "failed")
    assert test.get("score") == {"passed": 0.2, "grader error": None, "not run": None}.get(outcome.value, 0.0)
    assert test["tags"] == ["problem 8", outcome.value, "attention_probs", "causal_mask"]
    assert test["extra_data"] == {"outcome": outcome.value, "seconds": 0.25}


def test_scores_add_up_in_hundredths() -> None:
    infos = [info(f"{problem}.{index}", "x") for problem in range(1, 11) for index in range(1, 8)]
    hundredths = [round(10000 / 70) + (index % 2) for index in range(69)]
    hundredths.append(10000 - sum(hundredths))
    points = {item.number: value / 100 for item, value in zip(infos, hundredths, strict=True)}
    made = document(
        [Record(item, Outcome.PASSED) for item in infos], points, dict.fromkeys(points, "visible"), FACTS, hidden=set()
    )
    assert made["score"] == 100.0
    assert "for 100 of 100 points" in made["output"]
    assert sum(round(test["score"] * 100) for test in made["tests"]) == 10000
    assert all(len(repr(test["score"]).split(".")[1]) <= 2 for test in made["tests"])
    assert build("passed")["score"] == 3.63


def test_what_the_run_was_is_recorded() -> None:
    made = build("passed")
    assert made["extra_data"]["state"] == "graded"
    assert made["extra_data"]["seed"] == str(2**62 + 1)
    assert made["extra_data"]["fingerprint"] == "ab" * 32
    assert made["leaderboard"] == [{"name": "held-out loss", "value": 2.4123, "order": "asc"}]
    assert made["execution_time"] == 12.346
    assert made["stdout_visibility"] == "hidden"


@pytest.mark.parametrize("loss", [None, float("nan"), float("inf")])
def test_no_leaderboard_without_a_loss(loss: float | None) -> None:
    assert "leaderboard" not in valid(
        document(PASSED, POINTS, SHOWN, replace(FACTS, held_out_loss=loss), hidden=HIDDEN)
    )


@pytest.mark.parametrize("name", ["grader_error", "grader_error_outside_of_checks"])
def test_a_grader_error_is_never_a_students_zero(name: str) -> None:
    made = DOCUMENTS[name]
    assert made["extra_data"]["state"] == "not graded"
    assert made["output"].startswith("**Not graded.**")
    # What is known stays; what is not known has no score at all.
    records = {record.info.number: record for record in RUNS[name][0]}
    for number, test in by_number(made).items():
        assert test.get("score") == (POINTS[number] if records[number].outcome is Outcome.PASSED else None)
    # The hidden entry has the reason, and keeps students from seeing a total.
    assert [test["visibility"] for test in staff(made)] == ["hidden"]
    assert "canary" in staff(made)[0]["output"]
    assert "canary" not in seen_by_students(made) + json.dumps(made["extra_data"])
    assert "leaderboard" not in made


def test_an_earlier_document_can_become_not_graded() -> None:
    run = replace(FACTS, grader_error="canary")
    made = valid(not_graded(DOCUMENTS["unfinished"], run))
    assert made["extra_data"]["state"] == "not graded"
    assert {number: test.get("score") for number, test in by_number(made).items()} == {
        "6.10": 3.33,
        "8.1": 0.1,
        "8.2": None,
    }
    assert [test["name"] for test in staff(made)] == ["For staff: this run was not graded"]
    assert "canary" not in seen_by_students(made) + json.dumps(made["extra_data"])
    assert staff(valid(not_graded({}, run))) == staff(made)


def test_a_run_that_is_cut_off_shows_no_total() -> None:
    for name in ("first", "unfinished", "first_without_checks"):
        assert "not your grade" in DOCUMENTS[name]["output"]
        assert [test["visibility"] for test in staff(DOCUMENTS[name])] == ["hidden"]
    assert by_number(DOCUMENTS["first"])["8.2"]["score"] == 0.0


def test_a_finished_run_has_no_entry_beside_its_checks() -> None:
    for name in ("passed", "failed", "not_run", "not_reached", "refused"):
        assert staff(DOCUMENTS[name]) == []


def test_not_run_is_not_zero() -> None:
    assert "not zero" in build("not_run")["output"]
    assert "1 of 1 checks shown here passed, for 0.1 of 0.1 points" in build("not_run")["output"]


def test_a_refusal_says_what_to_do_and_every_check_is_at_zero() -> None:
    made = DOCUMENTS["refused"]
    assert made["score"] == 0
    assert {test["score"] for test in made["tests"]} == {0.0}
    assert {test["status"] for test in made["tests"]} == {"failed"}
    assert "rename it to exactly model.py" in made["output"]


def test_the_top_counts_only_what_students_see_at_once() -> None:
    records = [Record(HEAD, Outcome.FAILED, DID), *PASSED[::2]]
    output = document(records, POINTS, SHOWN, FACTS, hidden=HIDDEN)["output"]
    assert "2 of 2 checks shown here passed, for 0.3 of 0.3 points" in output
    assert "1 more check will count and is not shown here yet" in output
    assert "| 6 |" not in output
    nothing = document(records, POINTS, dict.fromkeys(POINTS, "after_published"), FACTS, hidden=HIDDEN)["output"]
    assert nothing == "3 more checks will count and are not shown here yet."


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.FAILED])
def test_hidden_checks_show_no_values_and_nothing_that_the_student_said(outcome: Outcome) -> None:
    record = Record(HEAD, outcome, "Your code raised Canary: canary", "canary", stub=outcome is Outcome.FAILED)
    shown = document([record], POINTS, SHOWN, FACTS, hidden=HIDDEN)
    assert "canary" not in json.dumps(shown).lower()
    assert "canary" not in printed([record]).lower()
    assert "canary" in json.dumps(document([record], POINTS, SHOWN, FACTS, hidden=set()))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SubmissionError(["IndexError", "LookupError"], "canary", "model.py, line 1: canary"), "raised an IndexError."),
        (SubmissionError(["charlm.ValueError", "Canary", "KeyError"], "canary"), "raised a KeyError."),
        (SubmissionError(["Canary", "Exception"], "canary"), "Your code raised an exception."),
        (SubmissionError(["RuntimeError"], "Expected all tensors to be on the same device, canary"), "two devices."),
        (WorkerDied(["WorkerDied"], "canary"), "ended in the middle of a call."),
        (BadReply(["BadReply"], "canary"), "an answer that cannot be read."),
        (
            Missing(["NotThere"], "there is nothing named 'split' in charlm/data.py"),
            "There is nothing named 'split' in",
        ),
        (
            Missing(["NotThere"], "there is nothing named 'split' in charlm/canary.py"),
            "A part of your code lacks a name",
        ),
    ],
)
def test_hidden_checks_say_of_an_error_what_is_on_a_closed_list(error: SubmissionError, said: str) -> None:
    shown = by_number(document([record_of(HEAD, error)], POINTS, SHOWN, FACTS, hidden=HIDDEN))["6.10"]["output"]
    assert said in shown
    assert "canary" not in shown.lower()


@pytest.mark.parametrize("check", [HEAD, MASK], ids=lambda check: check.number)
def test_what_is_missing_comes_with_a_hint_of_its_own(check: CheckInfo) -> None:
    record = record_of(check, Missing(["NotThere"], "there is nothing named 'split' in charlm/data.py"))
    shown = by_number(document([record], POINTS, SHOWN, FACTS, hidden=HIDDEN))[check.number]["output"]
    assert prose(KEEP_THE_NAMES) in shown
    assert prose(check.hint) not in shown
    assert KEEP_THE_NAMES.split(":")[0] in printed([record])


def test_a_hidden_failure_keeps_the_graders_own_sentences() -> None:
    record = Record(HEAD, Outcome.FAILED, DID, "canary")
    output = by_number(document([record], POINTS, SHOWN, FACTS, hidden=HIDDEN))["6.10"]["output"]
    assert "Expected: 0 above the diagonal." in output
    assert "canary" not in output


def test_a_hidden_blocked_check_names_only_the_cause() -> None:
    record = Record(HEAD, Outcome.BLOCKED, "Fix first: causal_mask (check 8.1).\nYour code raised X: canary")
    output = by_number(document([record], POINTS, SHOWN, FACTS, hidden=HIDDEN))["6.10"]["output"]
    assert "Fix first: causal_mask (check 8.1)." in output
    assert "canary" not in output


def test_answers_can_count_only_together() -> None:
    answers = [info(f"{problem}.{index}", "an answer") for problem in (5, 6) for index in (31, 32)]
    outcomes = [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED, Outcome.NOT_REACHED]
    records = [Record(answer, outcome) for answer, outcome in zip(answers, outcomes, strict=True)]
    records.append(Record(info("5.1", "a check"), Outcome.PASSED))
    together = only_together(records, {answer.number for answer in answers})
    wanted = [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED, Outcome.NOT_REACHED, Outcome.PASSED]
    assert [record.outcome for record in together] == wanted
    assert "another one is not right yet" in together[0].message
    assert only_together(records, frozenset()) == records


def test_a_hidden_checks_answer_has_room_for_few_numbers() -> None:
    asked = "Called it with 3 rows of 16.\nExpected: a tensor of shape [3, 16].\nGot: "
    for got, shown in (
        ("one of shape [3, 17].", "one of shape [3, 17]."),
        ("one of shape [83, 97, 3, 112, 16].", "one of shape [83, ?, 3, ?, 16]."),
        ("a loss of 2.413.", "a loss of 2.413."),
        ("a loss of 2.4130871.", "a loss of ?."),
        (f"one of shape {[3] * 20}.", f"one of shape [{'3, ' * 8}{'?, ' * 11}?]."),
    ):
        record = Record(HEAD, Outcome.FAILED, asked + got)
        assert f"{asked}{shown}\n" in explanation(record, hidden=True)
        assert f"{asked}{got}" in explanation(record, hidden=False)
