"""The results for each kind of submission that cannot be used, as golden documents in `tests/golden_refusals/`.

After a wanted change: `python -m pytest tests/test_refusals.py --regenerate-golden`, then read the diff.
"""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from autograder.intake import IntakeLimits, take_in
from autograder.paths import REFERENCE
from autograder.results.facts import RunFacts
from autograder.results.gradescope import refusal_document
from support.info import check_info

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "gradescope.schema.json").read_text(encoding="utf-8"))
CHECK = check_info("test_something", "Something is right.", {"number": "1.1", "hint": "Look there."})


def _missing_file(folder: Path) -> None:
    (folder / "charlm" / "data.py").unlink()


def _syntax_error(folder: Path) -> None:
    (folder / "charlm" / "data.py").write_text("print(\n", encoding="utf-8")


def _wrong_encoding(folder: Path) -> None:
    (folder / "charlm" / "data.py").write_bytes("# caf\u00e9\n".encode("latin-1"))


def _link(folder: Path) -> None:
    (folder / "charlm" / "data.py").unlink()
    (folder / "charlm" / "data.py").symlink_to("model.py")


def _too_many_files(folder: Path) -> None:
    for index in range(60):
        (folder / f"notes_{index}.txt").touch()


def _too_large(folder: Path) -> None:
    (folder / "charlm" / "data.py").write_text("#" * 300_000, encoding="utf-8")


def _notebook(folder: Path) -> None:
    shutil.rmtree(folder / "charlm")
    cell = {"cell_type": "code", "metadata": {}, "source": "def get_vocab(text): ..."}
    (folder / "homework.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [cell]}), encoding="utf-8")


def _notebook_that_is_damaged(folder: Path) -> None:
    shutil.rmtree(folder / "charlm")
    (folder / "homework.ipynb").write_text('{"cells": [', encoding="utf-8")


def _notebook_beside_another_file(folder: Path) -> None:
    cell = {"cell_type": "code", "metadata": {}, "source": ["%%writefile charlm/data.py\n", "VALUE = 1"]}
    (folder / "homework.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [cell]}), encoding="utf-8")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder / "charlm")
    (folder / "answers.toml").unlink()


KINDS: dict[str, Callable[[Path], None]] = {
    "missing_file": _missing_file,
    "syntax_error": _syntax_error,
    "wrong_encoding": _wrong_encoding,
    "link": _link,
    "too_many_files": _too_many_files,
    "too_large": _too_large,
    "notebook": _notebook,
    "notebook_damaged": _notebook_that_is_damaged,
    "notebook_beside_file": _notebook_beside_another_file,
    "empty": _empty,
}


def expect_golden(kind: str, source: Path, target: Path, request: pytest.FixtureRequest) -> None:
    intake = take_in(source, target, IntakeLimits(files=50))
    running = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    problems = [problem.replace(running, "Python 3.x") for problem in intake.problems]
    made = refusal_document([CHECK], problems, {"1.1": 2.0}, {"1.1": "visible"}, RunFacts("homework"))
    jsonschema.validate(made, SCHEMA)
    assert problems
    assert not target.exists() or not list(target.iterdir())
    golden = HERE / "golden_refusals" / f"{kind}.json"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert made == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_unusable_folder(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = tmp_path / "homework"
    shutil.copytree(REFERENCE / "charlm", folder / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REFERENCE / "answers.toml", folder)
    KINDS[kind](folder)
    expect_golden(kind, folder, tmp_path / "target", request)


def test_zip_whose_paths_escape(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with zipfile.ZipFile(tmp_path / "homework.zip", "w") as archive:
        archive.writestr("../charlm/data.py", "")
    expect_golden("escaping_path", tmp_path / "homework.zip", tmp_path / "target", request)


def test_damaged_zip(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (tmp_path / "homework.zip").write_bytes(b"PK\x03\x04 and then nothing")
    expect_golden("damaged_zip", tmp_path / "homework.zip", tmp_path / "target", request)
