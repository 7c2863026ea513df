"""The list of common mistakes, and what `diff` says of a submission with one, with two, and with one of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from autograder.diff.causes import changed, likely
from autograder.diff.common_mistakes import Cause, load_causes
from autograder.diff.differ import Differ, Side, reference_side
from autograder.diff.rows import all_stages
from autograder.diff.tables import headline
from autograder.paths import REFERENCE
from tests.patches import Change, write_patched
from tests.zoo.animals import load_mistakes

CAUSES = load_causes()
MISTAKES = {mistake.name: mistake.change for mistake in load_mistakes()}
ONE_STEP = Change(
    "charlm/attention.py",
    "        scores = attention_scores(q, k)",
    """        if self.softmax_dim == -1:
            return nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        scores = attention_scores(q, k)""",
)
SCALE = Change("charlm/attention.py", " * head_size**-0.5", " * head_size**-0.4")


def causes_of(differ: Differ, folder: Path, *changes: Change) -> list[str]:
    folder.chmod(0o711)
    code = write_patched(changes, folder / "submission")
    found = differ.compare(Side("mine", code, reference_side().answers))
    return [cause.name for cause in likely(differ, found, CAUSES) or []]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_each_cause_fits_the_reference_and_makes_another_program(cause: Cause) -> None:
    source = (REFERENCE / "charlm" / f"{cause.function.partition('.')[0]}.py").read_text(encoding="utf-8")
    assert ast.dump(ast.parse(changed(source, cause))) != ast.dump(ast.parse(source))


def test_names_are_distinct_and_stages_exist() -> None:
    assert len({cause.name for cause in CAUSES}) == len(CAUSES)
    assert {cause.stage for cause in CAUSES} <= {stage.id for stage in all_stages("gpu")}


def test_a_cause_that_does_not_fit_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"lost: 0 times, not once, in data\.split: 'gone'"):
        changed("def split():\n    pass\n", Cause("lost", "split", "data.split", "gone", "", ""))


def test_a_known_mistake_is_named(differ: Differ, tmp_path: Path) -> None:
    assert causes_of(differ, tmp_path, MISTAKES["scores_without_a_scale"]) == ["scores_without_a_scale"]


def test_the_first_of_two_mistakes_is_named(differ: Differ, tmp_path: Path) -> None:
    both = causes_of(differ, tmp_path, MISTAKES["mask_hides_the_past"], MISTAKES["loss_in_bits"])
    assert both == ["mask_hides_the_past"]


def test_a_mistake_is_named_where_several_steps_are_one(differ: Differ, tmp_path: Path) -> None:
    assert causes_of(differ, tmp_path, ONE_STEP) == ["scores_without_a_scale"]


def test_nothing_is_said_of_a_mistake_that_no_cause_reproduces(differ: Differ, tmp_path: Path) -> None:
    assert causes_of(differ, tmp_path, SCALE) == []


def test_a_wrong_answer_in_words_has_no_cause_in_code(differ: Differ, tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    code = write_patched([], tmp_path / "submission")
    answers = {**reference_side().answers, "problem_5": {}}
    found = differ.compare(Side("mine", code, answers))
    assert likely(differ, found, CAUSES) is None
    assert headline(found)[0].startswith("First difference on its own: problem 5, written answers")
