"""What intake refuses, in folders and in zips alike or in folders alone, and that it says what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from autograder.intake import IntakeError, IntakeLimits, take_in
from autograder.intake.layout import Layout, lay_out
from tests.intake.homework import GOOD, MODULES, WITHOUT_MODEL, moved, pack, put, refused

REFUSED: dict[str, tuple[dict[str, str | bytes], tuple[str, ...]]] = {
    "empty": ({}, ("empty",)),
    "only a system's files": ({"__MACOSX/._x": "", ".DS_Store": ""}, ("empty",)),
    "missing module": ({**WITHOUT_MODEL}, ("charlm/model.py is missing", "add it")),
    "all modules missing": ({"answers.toml": ""}, tuple(f"charlm/{name}.py is missing" for name in MODULES)),
    "other capitals": ({**WITHOUT_MODEL, "charlm/Model.py": ""}, ("charlm/Model.py", "rename it to exactly model.py")),
    "copy's name": ({**WITHOUT_MODEL, "charlm/model (1).py": ""}, ("model (1).py", "rename")),
    "hidden ending": ({**WITHOUT_MODEL, "charlm/model.py.txt": ""}, ("model.py.txt", "rename")),
    "typing mistake": ({**WITHOUT_MODEL, "charlm/modell.py": ""}, ("modell.py", "rename")),
    "module outside": ({**WITHOUT_MODEL, "model.py": ""}, ("there is model.py", "move it", "charlm/")),
    "notebook": ({"hw/homework.ipynb": "{}"}, ("homework.ipynb", "notebook", "format 4")),
    "zip in a zip": ({"homework.zip": "PK"}, ("homework.zip", "unpack")),
    "twice": ({**moved("a/"), **moved("b/")}, ("more than once", "a/charlm", "b/charlm")),
    "capitals collide": ({**GOOD, "charlm/MODEL.py": ""}, ("charlm/MODEL.py", "capitals")),
    "syntax error": (
        {**GOOD, "charlm/model.py": "import torch\n\ndef forward(self:\n    pass\n"},
        ("charlm/model.py, line 3", "not valid Python", "def forward(self:"),
    ),
    "indentation": ({**GOOD, "charlm/data.py": "def f():\nreturn 1\n"}, ("charlm/data.py, line 2", "return 1")),
    "found by the compiler only": ({**GOOD, "charlm/data.py": "x = 1\nreturn x\n"}, ("line 2", "outside function")),
    "two syntax errors": (
        {**GOOD, "charlm/data.py": "x =\n", "charlm/model.py": "y =\n"},
        ("charlm/data.py, line 1", "charlm/model.py, line 1"),
    ),
    "zero bytes": ({**GOOD, "charlm/model.py": b"x = 1\0\n"}, ("charlm/model.py", "zero bytes")),
    "Latin-1": ({**GOOD, "charlm/model.py": "x = 1\n# é\n".encode("latin-1")}, ("line 2", "UTF-8")),
    "UTF-16": ({**GOOD, "charlm/model.py": "x = 1\n".encode("utf-16")}, ("UTF-16", "UTF-8")),
    "unknown coding line": ({**GOOD, "charlm/model.py": "# coding: klingon\n"}, ("charlm/model.py", "klingon")),
    "large module": ({**GOOD, "charlm/model.py": b"#" * 300_000}, ("charlm/model.py is larger than 256 kB",)),
    "many files": ({**GOOD, **{f"x/{i}": "" for i in range(501)}}, ("more than 500 files", "only the charlm folder")),
    "deep folders": ({**GOOD, "a/" * 13 + "x": ""}, ("folders deep",)),
    "drive letter": ({**GOOD, "C:\\charlm\\model.py": ""}, ("C:", "leads out")),
    "parent by backslash": ({**GOOD, "..\\..\\evil.py": ""}, ("evil.py", "leads out")),
}


@pytest.mark.parametrize("how", ["folder", "zip"])
@pytest.mark.parametrize(("files", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses(
    files: dict[str, str | bytes], words: tuple[str, ...], how: str, tmp_path: Path, sent: Path, target: Path
) -> None:
    source = put(sent, files) if how == "folder" else pack(tmp_path / "sent.zip", files)
    refused(take_in(source, target), target, *words)


def test_refuses_too_much_in_all(sent: Path, target: Path) -> None:
    put(sent, {**GOOD, "weights.pt": b"\0" * 2_000_000})
    refused(take_in(sent, target, IntakeLimits(total_bytes=2**20)), target, "too large", "trained models")


@pytest.mark.parametrize("name", ["charlm/model.py", "answers.toml", "data", "charlm/extra"])
def test_refuses_a_link(name: str, sent: Path, target: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("CANARY = 1\n")
    put(sent, GOOD)
    (sent / name).unlink(missing_ok=True)
    (sent / name).symlink_to(secret if name.endswith((".py", ".toml")) else tmp_path)
    refused(take_in(sent, target), target, name, "is a link")


def test_refuses_a_hard_link(sent: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("CANARY = 1\n")
    put(sent, WITHOUT_MODEL)
    os.link(tmp_path / "secret.py", sent / "charlm/model.py")
    refused(take_in(sent, target), target, "charlm/model.py", "hard link", "copy")


def test_refuses_a_pipe_without_waiting_for_it(sent: Path, target: Path) -> None:
    put(sent, WITHOUT_MODEL)
    os.mkfifo(sent / "charlm/model.py")
    refused(take_in(sent, target), target, "charlm/model.py", "pipe")


def test_a_name_that_is_no_text_does_no_harm(sent: Path, target: Path) -> None:
    put(sent, GOOD)
    with open(os.fsencode(sent) + b"/\xff\xfe.py", "wb"):
        pass
    assert take_in(sent, target).problems == []


def test_sentences_show_names_on_one_line(sent: Path, target: Path) -> None:
    put(sent, GOOD)
    (sent / "a\n\x1b[31mb\u202ec").symlink_to("/")
    problems = take_in(sent, target).problems
    assert "a\\n\\x1b[31mb\\u202ec is a link" in problems[0]
    assert len(problems) == 1


def test_a_file_that_is_swapped_for_a_link_after_listing_is_not_followed(
    sent: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    (tmp_path / "secret").write_text("CANARY = 1\n")
    put(sent, GOOD)

    def swap(files: Iterable[str]) -> Layout:
        (sent / "charlm/model.py").unlink()
        (sent / "charlm/model.py").symlink_to(tmp_path / "secret")
        return lay_out(files)

    monkeypatch.setattr("autograder.intake.collect.lay_out", swap)
    refused(take_in(sent, target), target, "charlm/model.py cannot be read")


def test_a_single_file_gets_a_sentence(tmp_path: Path, target: Path) -> None:
    refused(take_in(put(tmp_path, {"hw.ipynb": "{}"}) / "hw.ipynb", target), target, "notebook")
    refused(take_in(put(tmp_path, {"model.py": ""}) / "model.py", target), target, "charlm/data.py is missing")


def test_a_path_that_is_no_submission(tmp_path: Path, target: Path) -> None:
    with pytest.raises(IntakeError, match="No such file"):
        take_in(tmp_path / "nowhere", target)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IntakeError, match="neither a folder nor a zip"):
        take_in(tmp_path / "pipe", target)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(IntakeError):
        take_in(tmp_path / "loop", target)


def test_a_target_is_never_written_over(sent: Path, target: Path) -> None:
    put(target, {"charlm/model.py": "mine"})
    with pytest.raises(FileExistsError):
        take_in(put(sent, GOOD), target)
    assert (target / "charlm/model.py").read_text() == "mine"
