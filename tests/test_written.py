"""The written answers that a person grades: what students are asked, what intake says, and the rubric."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder import secrecy
from autograder.handout import collect
from autograder.intake import take_in
from autograder.package import FILES, FOLDERS
from autograder.paths import REFERENCE, TEMPLATE
from autograder.rubric import Criterion, Question, RubricError, load_rubric, pasteable
from autograder.written import Questions, blank, questions, unanswered
from tests.intake.homework import GOOD, put
from tests.test_commands import run

HANDOUT = (TEMPLATE / "README.md").read_text(encoding="utf-8")
BLANK = (TEMPLATE / "answers.md").read_text(encoding="utf-8")
ASKED = questions(HANDOUT)


def test_every_problem_of_the_handout_asks_something() -> None:
    assert [problem.problem for problem in ASKED] == list(range(1, 11))
    assert all(len(problem.asked) >= 2 and problem.title for problem in ASKED)
    assert all(question.rstrip("`*")[-1] in "?." for problem in ASKED for question in problem.asked)


def test_the_blank_has_every_question_once_under_its_heading() -> None:
    parts = BLANK.split("\n## ")[1:]
    for problem, part in zip(ASKED, parts, strict=True):
        assert part.startswith(f"{problem.problem} · {problem.title}\n")
        assert [line[2:] for line in part.splitlines() if line.startswith("> ")] == list(problem.asked)


def test_lists_are_read_to_the_end_of_each_item() -> None:
    text = "# 1 · No list\n\n### 3 · Two\ntext\n- one\n  more\n\nno more\n- two?\n\n## Another\n- not asked\n"
    assert questions(text) == [Questions(1, "No list", ()), Questions(3, "Two", ("one more", "two?"))]
    assert blank(questions(text)).endswith("## 1 · No list\n\n## 3 · Two\n\n> one more\n\n\n> two?\n")


def test_what_is_not_answered_is_told() -> None:
    assert unanswered(BLANK) == list(range(1, 11))
    assert unanswered(BLANK.replace("## 4 ·", "My answer.\n\n## 4 ·")) == [1, 2, *range(4, 11)]
    assert unanswered("All that I have to say, without headings.") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BLANK, "has nothing yet under problem 1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
        (BLANK.replace("\n## ", "\nSomething.\n\n## ") + "\nThe end.\n", ""),
        ("## 1 · A\n" * 30, "under problem 1"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"\0" * 9, "zero bytes"),
        (b"a" * 10**6, "larger than"),
    ],
)
def test_written_answers_are_taken_along_and_change_nothing(text: str | bytes, said: str, tmp_path: Path) -> None:
    without = take_in(put(tmp_path / "without", GOOD), tmp_path / "copy")
    intake = take_in(put(tmp_path / "with", {**GOOD, "answers.md": text}), tmp_path / "other")
    assert (intake.problems, intake.answers, intake.fingerprint) == ([], without.answers, without.fingerprint)
    assert len(intake.notes) == (said != "")
    assert said in "".join(intake.notes)
    assert "changes no points here" in "".join(intake.notes) or not said
    copy = tmp_path / "other" / "answers.md"
    assert copy.is_file() == (isinstance(text, str))


def test_another_answers_file_is_no_obstacle(tmp_path: Path) -> None:
    sent = put(tmp_path / "sent", {**GOOD, "answers.md": "a", "ANSWERS.md": "b", "charlm/answers.md": "c"})
    assert take_in(sent, tmp_path / "copy").problems == []
    assert (tmp_path / "copy/answers.md").read_text() == "a"


def test_the_command_prints_every_criterion_on_a_line_with_its_points() -> None:
    done = run("rubric")
    assert done.returncode == 0, done.stderr
    found = load_rubric()
    assert [question.title for question in found] == [problem.title for problem in ASKED]
    lines = done.stdout.splitlines()
    for question in found:
        assert f"{question.title}\t{question.points:g}" in lines
        assert len([c for c in question.criteria if not c.points]) >= 3
        for criterion in question.criteria:
            assert f"{criterion.points:+g}\t{criterion.text}" in lines or f"0\t{criterion.text}" in lines
    total = sum(question.points for question in found)
    assert lines[0].startswith(f"Manually graded questions, {total:g} points.")
    assert [question.points for question in found if question.problem in (1, 6)] == [3, 7]


RUBRIC = """\
# Rubric
## 1 · One
A full answer
- (0.5) half;
1. says it, which
   takes two lines.

Common misconceptions
- *Wrong.* Because.
"""


def test_points_stand_before_a_criterion_or_are_1(tmp_path: Path) -> None:
    (tmp_path / "rubric.md").write_text(RUBRIC)
    (tmp_path / "handout.md").write_text("### 1 · One\n- Why?\n")
    criteria = (
        Criterion(0.5, "half"),
        Criterion(1, "says it, which takes two lines"),
        Criterion(0, "Misconception: *Wrong.* Because."),
    )
    found = load_rubric(tmp_path / "rubric.md", tmp_path / "handout.md")
    assert found == [Question(1, "One", criteria)]
    assert pasteable(found).splitlines()[2:] == [
        "One\t1.5",
        "",
        "Question 1: One, 1.5 points",
        "",
        "+0.5\thalf",
        "+1\tsays it, which takes two lines",
        "0\tMisconception: *Wrong.* Because.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("1 · One", "1 · Two", "not those of the handout"), ("- (0.5) half;\n1. says it", "It says", "has no point")],
)
def test_a_rubric_that_does_not_fit_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "rubric.md").write_text(RUBRIC.replace(old, new))
    (tmp_path / "handout.md").write_text("### 1 · One\n- Why?\n")
    with pytest.raises(RubricError, match=rf"^rubric\.md: .*{said}"):
        load_rubric(tmp_path / "rubric.md", tmp_path / "handout.md")
    with pytest.raises(RubricError, match="cannot be read"):
        load_rubric(tmp_path / "none.md", tmp_path / "handout.md")


def test_no_student_and_no_worker_gets_the_rubric_or_an_answer() -> None:
    """By content in the handout; the zip of the grader has no file of them."""
    text = REFERENCE.joinpath("rubric.md").read_text(encoding="utf-8")
    leaked = {**collect(), "answers.md": BLANK.encode() + text.encode()}
    assert "the rubric" in secrecy.leaks(leaked)
    assert secrecy.leaks(collect()) == []
    packed = {name for name in FILES if name.startswith("reference")} | set(FOLDERS)
    assert "reference" not in packed
    assert not {"reference/rubric.md", "reference/answers.toml"} & packed
