"""The picture fits the imports, and the imports keep apart what has to be."""

from __future__ import annotations

import ast
import re

import pytest

from autograder.paths import ROOT
from tests.architecture import PICTURE, TEXT, TITLES, drawn, imports

EDGES = imports()


def test_the_picture_is_that_of_the_imports() -> None:
    wanted = TEXT.format(picture=drawn(EDGES))
    assert PICTURE.read_text(encoding="utf-8") == wanted, "run `python -m tests.architecture` and look at what it draws"


def test_a_picture_in_the_readme_is_the_same() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [block for block in re.findall(r"```mermaid\n.*?```\n", readme, re.DOTALL) if block != drawn(EDGES)] == []


def test_every_box_is_there_and_a_folder_without_one_is_named() -> None:
    boxes = set(EDGES) | set[str]().union(*EDGES.values())
    assert boxes == TITLES.keys()
    folders = {path.parent.name for path in (ROOT / "autograder").glob("*/__init__.py")}
    assert folders - TITLES.keys() == set(), "give it a title in tests/architecture.py"


@pytest.mark.parametrize(
    ("box", "may_import"),
    [
        ("sandbox", {"support"}),  # so a worker, which is forked from it, holds nothing of the grader's
        ("results", {"support"}),
        ("intake", set()),
        ("checks", {"support", "bands", "grading"}),
        ("support", set()),
    ],
)
def test_dependencies_point_one_way(box: str, may_import: set[str]) -> None:
    assert EDGES.get(box, set()) <= may_import


def test_what_is_handed_out_imports_nothing_of_the_grader() -> None:
    for path in (ROOT / "student_template").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert [name for name in names if name.split(".")[0] in ("autograder", "reference", "tests")] == [], path
