"""CHANGELOG.md: every entry says whether it changes the assignment, the grading or neither, and the version follows."""

from __future__ import annotations

import itertools
import re
import sys

import pytest

from autograder import __version__
from autograder.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Version = tuple[int, ...]
KINDS = {"assignment", "grading", "tooling"}
_HEADING = re.compile(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d\d-\d\d)\)")
_ENTRY = re.compile(r"- \*\*(?P<kind>\w+)\*\* [A-Z`].*\.", re.DOTALL)


def releases(text: str) -> list[tuple[Version, str, set[str]]]:
    """Version, date and kinds of entries of each section. Raises ValueError for whatever has another form."""
    found = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        heading = _HEADING.fullmatch(title)
        entries = [_ENTRY.fullmatch(entry.strip()) for entry in re.split(r"\n(?! )", body.strip())]
        kinds = {entry["kind"] for entry in entries if entry}
        if heading is None or not all(entries) or not kinds <= KINDS:
            raise ValueError(f"of another form: {title}")
        found.append((tuple(map(int, heading.groups()[:3])), heading[4], kinds))
    return found


def raised_rightly(before: Version, after: Version, kinds: set[str]) -> bool:
    """Whether the right number of the version was raised: the second or first for what students or grades notice."""
    if kinds == {"tooling"}:
        return after == (*before[:2], before[2] + 1)
    return after in ((before[0], before[1] + 1, 0), (before[0] + 1, 0, 0))


def test_every_entry_is_marked_and_every_version_follows_from_its_entries() -> None:
    found = releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    for (after, day, kinds), (before, day_before, _) in itertools.pairwise(found):
        assert raised_rightly(before, after, kinds), after
        assert day >= day_before
    assert ".".join(map(str, found[0][0])) == __version__


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "autograder.__version__"}


@pytest.mark.parametrize(
    "text",
    [
        "## 1.0\n- **tooling** A.\n",
        "## 1.0.0 (2026-01-01)\n- A.\n",
        "## 1.0.0 (2026-01-01)\n- **other** A.\n",
        "## 1.0.0 (2026-01-01)\n- **tooling** A.\n- b\n",
        "## 1.0.0 (2026-01-01)\n\n",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="of another form"):
        releases(text)


@pytest.mark.parametrize(
    ("after", "kinds", "right"),
    [
        ((1, 2, 4), {"tooling"}, True),
        ((1, 3, 0), {"tooling"}, False),
        ((1, 3, 0), {"tooling", "grading"}, True),
        ((2, 0, 0), {"assignment"}, True),
        ((1, 2, 4), {"grading"}, False),
        ((1, 3, 1), {"grading"}, False),
    ],
)
def test_what_a_version_says(after: Version, kinds: set[str], right: bool) -> None:
    assert raised_rightly((1, 2, 3), after, kinds) is right
