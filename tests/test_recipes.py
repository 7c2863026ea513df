"""The recipes of CONTRIBUTING.md, followed in one copy of the project; `python -m tests.recipes` trains, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder import __version__
from autograder.settings import load_settings
from tests.recipes import RECIPES, Block, copy_project, follow, results, run

LONG = ("calibrate", "./run_autograder")


def test_recipes_are_short() -> None:
    assert list(RECIPES) == ["Adding a check", "Adding another corpus", "Another model size", "Adding a problem"]
    for name, recipe in RECIPES.items():
        examples = [line for block in recipe.blocks for line in block.text.splitlines() if line.strip()]
        steps = len(recipe.lines) + (len(recipe.commands) if name == "Adding a problem" else len(examples))
        assert steps <= 10, name


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All recipes followed, and the reference graded at the end."""
    copied = copy_project(tmp_path_factory.mktemp("project"))
    for recipe in RECIPES.values():
        for block in recipe.blocks:
            follow(block, copied, left_out=LONG)
    run("./run_autograder reference --without-training", copied)
    return copied


def test_the_new_checks_are_graded_and_all_points_add_up(project: Path) -> None:
    found = results(project)
    by_number = {test["number"]: test for test in found["tests"]}
    assert found["extra_data"]["state"] == "graded"
    assert found["extra_data"]["versions"]["autograder"] == __version__
    assert by_number["1.40"]["output"].startswith("`encode` gives as many tokens as the text has characters.")
    assert (by_number["11.1"]["score"], by_number["11.1"]["max_score"]) == (5, 5)
    assert by_number["1.40"]["score"] > 0
    shares = {test["max_score"] for test in found["tests"] if test["number"].startswith("1.")}
    assert sum(t["max_score"] for t in found["tests"] if t["number"].startswith("1.")) == pytest.approx(8)
    assert max(shares) - min(shares) < 0.02
    assert [number for number, test in by_number.items() if test.get("score") != test.get("max_score")] == []
    settings = load_settings(project / "assignment.toml")
    assert sum(settings.points.values()) == settings.total_points == 105


def test_the_reference_of_the_copy_is_a_grade_of_the_new_text(project: Path) -> None:
    text = (project / "my_text.txt").read_text(encoding="utf-8")
    assert len(set(text)) < 66
    for name in ("reference", "student_template"):
        assert (project / name / "data" / "shakespeare.txt").read_text(encoding="utf-8") == text
    assert "nothing to do" in run(".venv/bin/python -m autograder corpus", project)


def test_stubs_and_questions_are_those_of_the_new_problem(project: Path) -> None:
    template = project / "student_template"
    assert 'raise NotImplementedError("problem 11: most_common")' in (template / "charlm/tokenizer.py").read_text()
    assert "## 11 · Counting\n\n> Which character" in (template / "answers.md").read_text(encoding="utf-8")
    assert "NUM_HEADS = 8" in (template / "charlm/experiments.py").read_text(encoding="utf-8")
    assert "Question 11: Counting, 1 points" in run(".venv/bin/python -m autograder rubric", project)
    assert "public checks" in run(".venv/bin/python -m autograder handout", project)


def test_old_bands_are_refused_for_another_size_and_another_text(project: Path) -> None:
    assert load_settings(project / "assignment.toml").training.cpu.num_heads == 8
    with pytest.raises(RuntimeError, match=r"exit code 3[^$]*python -m autograder calibrate"):
        run(".venv/bin/python -m autograder package --without-rehearsal", project)


def test_what_is_to_be_changed_has_to_be_there_once(tmp_path: Path, project: Path) -> None:
    (tmp_path / "x.toml").write_text("a = 1\na = 1\n")
    with pytest.raises(ValueError, match="2 times, not once"):
        follow(Block("diff", "x.toml", False, "-a = 1\n+a = 2\n"), tmp_path)
    with pytest.raises(RuntimeError, match="exit code 2"):
        run(".venv/bin/python -m autograder grade", project)
