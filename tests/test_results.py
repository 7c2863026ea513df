"""What Gradescope, students and instructors get to see, against the schema, golden files and hostile text.

After a wanted change: `python -m pytest tests/test_results.py --regenerate-golden`, then read the diff.
"""

import errno
import io
import json
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from autograder.results.explain import explanation
from autograder.results.facts import RunFacts
from autograder.results.gradescope import document, first_document, not_graded, refusal_document
from autograder.results.store import StoreError, read, write
from autograder.results.tally import only_together
from autograder.results.terminal import TerminalReport
from autograder.results.text import clean, clean_line, code_block, prose
from support.failures import BadReply, Missing, SubmissionError, WorkerDied
from support.info import CheckInfo
from support.outcomes import KEEP_THE_NAMES, Outcome, Record, record_of

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "gradescope.schema.json").read_text())


def info(number: str, title: str, *covers: str) -> CheckInfo:
    return CheckInfo(
        number=number,
        title=title,
        sentence=f"The sentence of check {number}.",
        hint="Compare `tril[:T, :T]` with 0, then scale by head_size**-0.5.",
        weight=1.0,
        visibility=None,
        covers=frozenset(covers),
        requires=frozenset(),
    )


MASK = info("8.1", "masked scores", "causal_mask")
FUTURE = info("8.2", "future positions get probability zero", "causal_mask", "attention_probs")
HEAD = info("6.10", "one head")
INFOS = [FUTURE, HEAD, MASK]
POINTS = {"8.1": 0.1, "8.2": 0.2, "6.10": 3.33}
SHOWN = {"8.1": "visible", "8.2": "visible", "6.10": "after_due_date"}
HIDDEN = frozenset({"6.10"})
FACTS = RunFacts(
    submission="homework.zip",
    started="2026-01-02T03:04:05+00:00",
    seed=2**62 + 1,
    device="cpu",
    versions={"python": "3.11.2", "torch": "2.13.0"},
    fingerprint="ab" * 32,
    execution_time=12.3456,
    held_out_loss=2.41234567,
)

PASSED = [Record(FUTURE, Outcome.PASSED, seconds=0.5), Record(HEAD, Outcome.PASSED), Record(MASK, Outcome.PASSED)]
DID = "Masked the scores of 3 positions.\nExpected: 0 above the diagonal.\nGot: 0.3."


def with_future(outcome: Outcome, message: str = "", **more: Any) -> list[Record]:
    return [Record(FUTURE, outcome, message, seconds=0.25, **more), *PASSED[1:]]


RUNS: dict[str, tuple[list[Record], RunFacts]] = {
    "passed": (PASSED, FACTS),
    "failed": (with_future(Outcome.FAILED, DID, values="first at index [0, 1]: expected 0, got 0.3"), FACTS),
    "stub": (with_future(Outcome.FAILED, "not implemented yet: problem 8: causal_mask", stub=True), FACTS),
    "error": (with_future(Outcome.ERROR, "Your code raised ValueError: no\nWhere: attention.py, line 3"), FACTS),
    "timed_out": (with_future(Outcome.TIMED_OUT, "The call took longer than 10 s."), FACTS),
    "out_of_memory": (with_future(Outcome.OUT_OF_MEMORY, "More than 2 GB were asked for."), FACTS),
    "blocked": (
        [
            Record(HEAD, Outcome.BLOCKED, f"This check builds on … Fix first: causal_mask (check 8.1).\n{DID}"),
            Record(MASK, Outcome.FAILED, DID),
            PASSED[0],
        ],
        FACTS,
    ),
    "not_run": (with_future(Outcome.NOT_RUN), replace(FACTS, without_training=True, held_out_loss=None)),
    "not_reached": (with_future(Outcome.NOT_REACHED), FACTS),
    "unfinished": (with_future(Outcome.NOT_REACHED), replace(FACTS, finished=False)),
    "grader_error": (with_future(Outcome.GRADER_ERROR, "KeyError: 'canary'"), FACTS),
    "grader_error_outside_of_checks": (
        [PASSED[0], *(Record(item, Outcome.NOT_REACHED) for item in (HEAD, MASK))],
        replace(FACTS, grader_error="Traceback:\n  zygote died, canary", finished=False),
    ),
}


def build(name: str) -> dict[str, Any]:
    records, run = RUNS[name]
    return document(records, POINTS, SHOWN, run, hidden=HIDDEN)


def documents() -> dict[str, dict[str, Any]]:
    made = {name: build(name) for name in RUNS}
    made["first"] = first_document(INFOS, POINTS, SHOWN, RunFacts("homework.zip"))
    made["first_without_checks"] = first_document([], {}, {}, RunFacts("homework.zip"))
    problems = ["charlm/model.py is missing, but there is charlm/Model.py: rename it to exactly model.py."]
    made["refused"] = refusal_document(INFOS, problems, POINTS, SHOWN, RunFacts("homework.zip", notes=("A note.",)))
    return made


DOCUMENTS = documents()


def valid(made: dict[str, Any]) -> dict[str, Any]:
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    json.dumps(made, allow_nan=False, ensure_ascii=False).encode()
    return made


def by_number(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {test["number"]: test for test in made["tests"] if "number" in test}


def staff(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [test for test in made["tests"] if "number" not in test]


def seen_by_students(made: dict[str, Any]) -> str:
    return made["output"] + json.dumps([test for test in made["tests"] if test["visibility"] != "hidden"])


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


# Hidden inputs.


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


# Text that a student wrote.

HOSTILE = {
    "fence": "```\n</code></pre># Score: 100\n```",
    "longer fence": "`````\n~~~~~\n# x\n``````````",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
    "terminal": "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x9b31m\x1bPq#\x1b\\",
    "direction": "\u202e001 :erocs\u2066\u200f\u200b\ufeff",
    "controls": "a\0b\x08\x08c\x7f\x85d\re\r\nf\x0b\x0cg\u2028h",
    "surrogates": "\ud800 \udfff \udcff",
    "rich markup": "[bold red]x[/] [link=http://x]y[/link] :smile: [/nonsense]",
    "long line": "x" * 10**6,
    "many lines": "line\n" * 10**5,
    "combining": "a" + "\u0301" * 5000,
    "noncharacters": "\ufdd0\U0010ffff\ue000",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "indented": "\n\n        code\n\n# heading\n",
    "only controls": "\x1b\x00\u202e",
}
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def tokens(markdown: str) -> list[str]:
    return [token.type for token in PARSER.parse(markdown) if token.type in ("fence", "html_block", "heading_open")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    made = valid(document(with_future(Outcome.ERROR, text, values=text), POINTS, SHOWN, FACTS, hidden=HIDDEN))
    output = by_number(made)["8.2"]["output"]
    assert tokens(output) == (["fence"] if clean(text) else [])
    assert output.endswith("scale by head\\_size\\*\\*-0.5.")
    assert len(output) < 4000
    run = replace(FACTS, submission=text, notes=(text,), staff_notes=(text,), grader_error=text)
    for state in (run, replace(run, grader_error=None)):
        made = valid(document(PASSED, POINTS, SHOWN, state, hidden=HIDDEN))
        assert set(tokens(made["output"])) <= {"fence"}
    assert tokens(valid(refusal_document(INFOS, [text], POINTS, SHOWN, run))["output"]) in (
        [],
        ["fence"],
        ["fence"] * 2,
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("terminal", [True, False])
def test_hostile_text_does_nothing_to_a_terminal(text: str, terminal: bool) -> None:
    facts = replace(FACTS, submission=text, notes=(text,), grader_error=text)
    out = printed(with_future(Outcome.ERROR, text, values=text), facts, terminal=terminal)
    out = re.sub("\x1b\\[[0-9;]*m", "", out) if terminal else out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out)
    if text.startswith("[bold"):
        assert "[bold red]x[/] [link=http://x]y[/link] :smile: [/nonsense]" in out


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("`~ \n\t#<>|*_-=x\\\x1b[]\r\u2028"), max_size=200) | st.text(max_size=200))
def test_no_text_gets_out_of_its_block(text: str) -> None:
    block = code_block(text)
    parsed = PARSER.parse(f"Before.\n\n{block}\n\nAfter.")
    kinds = [token.type for token in parsed if token.level == 0 and token.nesting >= 0]
    assert kinds == (["paragraph_open", "fence", "paragraph_open"] if block else ["paragraph_open"] * 2)
    shown = [token.content for token in parsed if token.type == "fence"]
    assert shown == (["\n".join(block.split("\n")[1:-1]) + "\n"] if block else [])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_clean_text_is_valid_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    once.encode()
    assert clean(once) == once
    assert "\n" not in clean_line(text)


def test_ordinary_text_is_left_alone() -> None:
    text = "Expected: shape [2, 3], got [3, 2].\n    q @ k.transpose(-2, -1)  # naïve ∂ 中文 😀"
    assert clean(text) == text
    assert clean("x" * 3000).endswith("x […]")
    assert clean("\x1b[1;31mE\x1b[0m\tx") == "E   x"
    assert prose("Use `a_b[0]`, not a_b*2 <b>.") == r"Use `a_b[0]`, not a\_b\*2 \<b\>."


# The terminal.


def printed(records: list[Record], facts: RunFacts = FACTS, terminal: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=100, highlight=False, force_terminal=terminal)
    TerminalReport(console).run(records, POINTS, facts, hidden=HIDDEN)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_terminal_shows_points_by_problem_causes_first_and_the_facts() -> None:
    out = printed([*RUNS["blocked"][0][1:], Record(HEAD, Outcome.BLOCKED, "Fix first: causal_mask (check 8.1).\nx")])
    assert re.search(r"8\D+1 of 2\D+0\.2 of 0\.3\b", out)
    assert re.search(r"all\D+1 of 3\D+0\.2 of 3\.63\b", out)
    assert out.index("8.1 masked scores: failed, 0 of 0.1 points") < out.index("Blocked by the above")
    assert out.index("Blocked by the above") < out.index("6.10 one head: blocked, 0 of 3.33 points")
    assert "Hint: Compare `tril[:T, :T]` with 0" in out
    for fact in ("2.4123", "cpu", str(2**62 + 1), "12.3 s", "torch 2.13.0", "abababababab"):
        assert fact in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_terminal_lists_stubs_briefly() -> None:
    said = "not implemented yet: problem 8: causal_mask"
    out = printed([Record(item, Outcome.FAILED, said, stub=True) for item in (MASK, FUTURE)])
    assert f"{said} (checks 8.1, 8.2)" in out
    assert "Hint" not in out


def test_the_terminal_says_not_graded_with_the_reason() -> None:
    out = printed(*RUNS["grader_error_outside_of_checks"])
    assert "NOT GRADED" in out
    assert "zygote died" in out
    for part in ("NOT GRADED", "KeyError"):
        assert part in printed(*RUNS["grader_error"])


def test_the_terminal_prints_a_refusal() -> None:
    file = io.StringIO()
    TerminalReport(Console(file=file, width=100)).refusal(["charlm/[red]model.py[/] is missing: add it."], FACTS)
    assert "charlm/[red]model.py[/] is missing: add it." in file.getvalue()


def test_a_log_with_a_small_alphabet_still_gets_the_report() -> None:
    assert "na?ve" in printed(with_future(Outcome.FAILED, "naïve ∂ …"), encoding="ascii")


# The file.


def test_write_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for made in (DOCUMENTS["first"], DOCUMENTS["passed"]):
        write(path, made)
        assert json.loads(path.read_bytes()) == made
    assert [item.name for item in tmp_path.iterdir()] == ["results.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_write_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "results.json").symlink_to(tmp_path / "victim")
    write(tmp_path / "results.json", DOCUMENTS["first"])
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "tempfile.mkstemp"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_stands_there_survives_a_failed_write(
    step: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    write(path, DOCUMENTS["first"])

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr({"os": os, "tempfile": tempfile}[step.split(".")[0]], step.split(".")[1], fail)
        with pytest.raises(StoreError, match=re.escape(os.strerror(code))):
            write(path, DOCUMENTS["passed"])
    assert json.loads(path.read_bytes()) == DOCUMENTS["first"]
    assert [item.name for item in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("wrong", [{"score": float("nan")}, {"x": object()}])
def test_what_is_no_json_is_not_written(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        write(tmp_path / "results.json", wrong)
    assert not list(tmp_path.iterdir())


def test_read_gives_back_what_was_written_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read(path) == {}
    write(path, DOCUMENTS["passed"])
    assert read(path) == DOCUMENTS["passed"]
    for text in ("", "[]", "[" * 100_000, '{"score": 1'):
        path.write_text(text)
        assert read(path) == {}


def test_a_folder_that_is_missing_is_made_again(tmp_path: Path) -> None:
    write(tmp_path / "nowhere" / "results.json", DOCUMENTS["passed"])
    assert read(tmp_path / "nowhere" / "results.json") == DOCUMENTS["passed"]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="File exists"):
        write(tmp_path / "file" / "results.json", {})


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
