"""Submissions as folders and as zips, and what becomes of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.intake import Intake

MODULES = ("tokenizer", "data", "attention", "model", "training")
GOOD = {
    **{f"charlm/{name}.py": f'"""{name}: É"""\nVALUE = 1\n' for name in MODULES},
    "charlm/__init__.py": "",
    "answers.toml": '[problem_5]\nX_shape = "B T"\n',
}
NAMED = sorted(GOOD)
WITHOUT_MODEL = {name: text for name, text in GOOD.items() if name != "charlm/model.py"}


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def pack(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def moved(prefix: str = "", package: str = "charlm/") -> dict[str, str]:
    return {prefix + name.replace("charlm/", package): text for name, text in GOOD.items()}


def copied(target: Path) -> dict[str, str]:
    return {path.relative_to(target).as_posix(): path.read_text() for path in target.rglob("*") if path.is_file()}


def refused(intake: Intake, target: Path, *words: str) -> None:
    """Assert a refusal whose sentences contain these words, and that nothing was copied."""
    text = "\n".join(intake.problems)
    assert intake.problems
    for word in words:
        assert word in text
    assert not target.exists()
    assert intake.files == {}
    assert intake.fingerprint == ""
