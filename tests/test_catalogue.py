"""The checks as a whole: declared completely, and in an order that blame can follow."""

from __future__ import annotations

import graphlib
import importlib.util
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from autograder.grading.catalogue import CatalogueError, load_catalogue
from autograder.settings import load_settings
from support.checking import describe
from support.info import CheckInfo

CATALOGUE = load_catalogue()
VALID = '''
@number("1.1")
@hint("Look there.")
def test_one():
    """A sentence."""
'''


def declared_when_imported() -> Iterator[CheckInfo]:
    for path in CATALOGUE.files:
        spec = importlib.util.spec_from_file_location(f"imported_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_") and isinstance(function, FunctionType):
                yield describe(function)


def test_reading_the_source_gives_what_importing_gives() -> None:
    assert sorted(declared_when_imported(), key=lambda info: info.order) == list(CATALOGUE.checks)


def test_there_are_enough_checks_of_each_kind() -> None:
    public = len(CATALOGUE.checks) - len(CATALOGUE.hidden)
    assert len(CATALOGUE.checks) >= 70
    assert 0.35 <= public / len(CATALOGUE.checks) <= 0.65
    assert {info.problem for info in CATALOGUE.checks} == load_settings().points.keys()


def test_titles_are_distinct() -> None:
    counted = Counter(info.title for info in CATALOGUE.checks)
    assert [title for title, count in counted.items() if count > 1] == []


def test_every_required_part_is_covered_by_some_check() -> None:
    covered = frozenset[str]().union(*(info.covers for info in CATALOGUE.checks))
    required = frozenset[str]().union(*(info.requires for info in CATALOGUE.checks))
    assert required <= covered


def test_blame_has_no_cycles() -> None:
    below: dict[str, set[str]] = {}
    for info in CATALOGUE.checks:
        for part in info.covers:
            below.setdefault(part, set()).update(info.requires - info.covers)
    list(graphlib.TopologicalSorter(below).static_order())


def _hidden(folder: Path) -> Path:
    """A folder with one hidden check: without any, no catalogue is read."""
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "hidden_problem_1.py").write_text(VALID.replace('"1.1"', '"1.2"'))
    return hidden


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('@number("1.1")', "", "must be 'problem.index'"),
        ('"1.1"', '"one"', "must be 'problem.index'"),
        ('"""A sentence."""', "pass", "needs a docstring"),
        ('@hint("Look there.")', "", "needs a @hint"),
        ('"Look there."', "somewhere()", "malformed"),
        ('@number("1.1")', '@number("1.1")\n@visibility("never")', "@visibility must be one of"),
    ],
)
def test_incomplete_declarations_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "test_problem_1.py"
    path.write_text(VALID)
    hidden = _hidden(tmp_path)
    assert [info.number for info in load_catalogue(tmp_path, hidden).checks] == ["1.1", "1.2"]
    path.write_text(VALID.replace(old, new))
    with pytest.raises(CatalogueError, match=rf"test_problem_1\.py: .*{said}"):
        load_catalogue(tmp_path, hidden)


def test_number_that_is_taken_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(VALID)
    (tmp_path / "test_b.py").write_text(VALID)
    with pytest.raises(CatalogueError, match=r"1\.1 is taken twice"):
        load_catalogue(tmp_path, _hidden(tmp_path))
