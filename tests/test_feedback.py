"""What students read under failing checks: by rules for all texts, and word by word for the most common mistakes.

A sample is looked at here; `python -m tests.zoo.feedback` looks at the texts of all planted mistakes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.settings import load_settings
from tests.gradings import Grading
from tests.zoo.animals import load_mistakes
from tests.zoo.feedback import alike, faults, read_recorded, sections, write_recorded
from tests.zoo.samples import job

MISTAKES = {mistake.name: mistake for mistake in load_mistakes()}
RECORDED = read_recorded()
CATALOGUE = load_catalogue()
GRADED = [
    pytest.param(mistake.name, id=mistake.name, marks=pytest.mark.grades(job(mistake)))
    for mistake in MISTAKES.values()
    if mistake.sample
]
SAID = """\
The sentence of this check.

**Failed.**

```text
Called encode('', vocab).
Expected: dtype int64.
Got: dtype float32.
```

*Hint:* Mind the dtype of a tensor that is made of an empty list."""


@pytest.mark.parametrize("name", GRADED)
def test_students_read_what_was_recorded_and_nothing_that_they_should_not(name: str, grading: Grading) -> None:
    texts = {number: grading.output(number) for number in grading.failed | grading.blocked}
    assert faults(texts, CATALOGUE) == []
    if name in RECORDED:
        found = sections(texts, CATALOGUE)
        assert alike(found, RECORDED[name]), f"python -m tests.zoo.feedback --record --matching {name}\n{found}"


def test_texts_are_recorded_for_mistakes_in_every_problem() -> None:
    assert len(RECORDED) >= 70
    assert {MISTAKES[name].problem for name in RECORDED} == load_settings().points.keys()
    assert [name for name, text in RECORDED.items() if "**" not in text] == []


@pytest.mark.parametrize(
    ("said", "instead", "fault"),
    [
        ("Called", "The autograder itself failed. Called", "the grader failed"),
        ("Mind the dtype of a tensor that is made of an empty list.", "Look.", "it has no hint"),
        ("Got: dtype float32.\n", "", "it does not say what was done, expected and found"),
        ("dtype float32", "dtype int64", "it does not say what was done, expected and found"),
        ("float32", "float32" + ", and more" * 100, "it is too long"),
        ("float32", "'" + "x" * 140 + "'", "it quotes too much"),
        ("float32", "/srv/autograder/checks/x.py", "it shows a place of the grader's"),
        ("float32", "<function f at 0x7f00aa>", "it shows an object"),
    ],
)
def test_a_text_that_breaks_a_rule_is_found(said: str, instead: str, fault: str) -> None:
    assert faults({"1.5": SAID}, CATALOGUE) == []
    assert faults({"1.5": SAID.replace(said, instead)}, CATALOGUE) == [f"1.5: {fault}"]


def test_a_text_that_shows_a_hidden_input_is_found() -> None:
    hidden = SAID.replace("float32.\n", "float32.\nThe inputs of this check are not shown.\n")
    assert faults({"1.12": hidden}, CATALOGUE) == []
    assert faults({"1.12": SAID}, CATALOGUE) == ["1.12: it says not that inputs are hidden"]
    shown = hidden.replace("The inputs", "first at index [3]: expected 4, got 5\nThe inputs")
    assert faults({"1.12": shown}, CATALOGUE) == ["1.12: it shows values of a hidden input"]


def test_only_what_was_measured_may_differ() -> None:
    assert alike("Got: 3.27.\ncounts [4, 5], about", "Got: 3.31.\ncounts [5, 4], about")
    assert not alike("Got: 3 of 4 that differ.", "Got: 2 of 4 that differ.")
    assert not alike("Expected: dtype int64.", "Expected: dtype int32.")


def test_recording_keeps_order_and_what_was_not_graded(tmp_path: Path) -> None:
    path = tmp_path / "problem_01.md"
    path.write_text("What students read.\n\n# first\n\nold\n\n# second\n")
    write_recorded({"second": "new\n"}, tmp_path)
    assert path.read_text() == "What students read.\n\n# first\n\nold\n\n# second\n\nnew\n"
    assert read_recorded(tmp_path) == {"first": "old\n", "second": "new\n"}
