"""handout.zip: what students are given, and nothing that only the grader may have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from autograder import corpus, packing, paths, secrecy, template
from autograder.grading.catalogue import CatalogueError, load_catalogue
from autograder.settings import SettingsError, load_settings

FOLDER = "homework"  # everything lies in it, so that unpacking spills nothing over the folder it is done in
FILES = ("README.md", "answers.md", "answers.toml", "charlm.ipynb", "conftest.py", "pytest.ini", "requirements.txt")
FOLDERS = ("charlm", "data", "tests")
MOST_MB = 5.0
NOT_ALLOWED = "tests/support/not_allowed.json"  # read by the template's conftest.py


class HandoutError(Exception):
    """The zip would not be what students should get; the message says what to do first."""


def handout(out: Path, *, tell: Callable[[str], None] = print) -> None:
    """Look the template over and write `out`. Writes nothing when anything is wrong.

    Raises what is in ERRORS, each with a sentence that says what is wrong.
    """
    if drifted := template.generate(check=True):
        raise HandoutError(f"{drifted[0]} has drifted from reference/: run `python -m autograder template`")
    catalogue = load_catalogue()
    corpus.build()
    contents = collect()
    if found := secrecy.leaks(contents):
        raise HandoutError(f"the template holds what is the grader's alone: {'; '.join(found[:5])}")
    data = zipped(contents)
    if len(data) > MOST_MB * 2**20:
        raise HandoutError(f"the zip has {len(data) / 2**20:.1f} MB, more than {MOST_MB:g}")
    public = len(catalogue.checks) - len(catalogue.hidden)
    tell(f"{public} public checks, {len(contents)} files, nothing of the grader's own in them")
    tell(packing.put(out, data))


def collect() -> dict[str, bytes]:
    """The files of the handout by name. Raises PackingError when one is missing or a link, and SettingsError."""
    names = [*FILES, *(name for folder in FOLDERS for name in packing.files_below(paths.TEMPLATE, folder))]
    contents = {name: packing.read_text(paths.TEMPLATE / name) for name in names}
    if forbidden := load_settings().shortcuts.forbidden:
        contents[NOT_ALLOWED] = json.dumps(forbidden).encode()
    return contents


def zipped(contents: dict[str, bytes]) -> bytes:
    """The zip with these files."""
    return packing.zipped({f"{FOLDER}/{name}": part for name, part in contents.items()})


ERRORS = (
    *(HandoutError, CatalogueError, SettingsError),
    *(corpus.CorpusError, packing.PackingError, template.TemplateError),
)
