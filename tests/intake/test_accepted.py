"""What intake accepts, however it was packed, and what it notes about it."""

from __future__ import annotations

import random
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.intake import take_in
from autograder.paths import REFERENCE
from tests.intake.homework import GOOD, MODULES, NAMED, copied, moved, pack, put

# The copy and its fingerprint are the same for all of them.
PACKINGS: dict[str, dict[str, str | bytes]] = {
    "as the handout": {**GOOD},
    "one folder too deep": {**moved("homework/")},
    "three folders too deep": {**moved("a/b/c/")},
    "charlm in charlm": {**moved("charlm/")},
    "loose": {**moved(package="")},
    "loose in a wrapper": {**moved("homework/", package="")},
    "other name for charlm": {**moved("homework/", package="Charlm/")},
    "answers inside charlm": {name.replace("answers", "charlm/answers"): text for name, text in GOOD.items()},
    "without __init__": {name: text for name, text in GOOD.items() if name != "charlm/__init__.py"},
    "CRLF": {name: text.replace("\n", "\r\n") for name, text in GOOD.items()},
    "CR": {name: text.replace("\n", "\r") for name, text in GOOD.items()},
    "BOM": {name: b"\xef\xbb\xbf" + text.encode() for name, text in GOOD.items()},
    "with a system's files": {
        **moved("homework/"),
        "__MACOSX/homework/charlm/._model.py": b"\x00\x05\x16\x07",
        "homework/.DS_Store": b"\0\0\0\1Bud1",
        "homework/charlm/._model.py": b"\x00\x05",
        "homework/charlm/__pycache__/model.cpython-311.pyc": b"\xa7\r\r\n",
        "homework/charlm/model.pyc": b"\xa7\r\r\n",
        "homework/Thumbs.db": b"x",
        "homework/.git/config": b"x",
    },
    "with names that mean something to others": {
        **GOOD,
        **{f"{name}": "raise SystemExit\n" for name in ("conftest.py", "torch.py", "sitecustomize.py", "setup.py")},
        "pytest.ini": "[pytest]\naddopts = --co\n",
        "charlm/experiments.py": "import charlm\n",
    },
    "with data and runs": {**GOOD, "data/shakespeare.txt": random.Random(0).randbytes(10**6), "runs/x.png": b"\x89PNG"},
    "with a notebook beside": {**GOOD, "homework.ipynb": "{}"},
}  # fmt: skip


@pytest.mark.parametrize("how", ["folder", "zip"])
@pytest.mark.parametrize("files", PACKINGS.values(), ids=PACKINGS)
def test_accepts(files: dict[str, str | bytes], how: str, tmp_path: Path, sent: Path, target: Path) -> None:
    source = put(sent, files) if how == "folder" else pack(tmp_path / "sent.zip", files)
    intake = take_in(source, target)
    assert intake.problems == []
    assert copied(target) == GOOD
    assert intake.answers == {"problem_5": {"X_shape": "B T"}}
    assert intake.answers_problem is None
    assert sorted(intake.files) == NAMED
    assert intake.fingerprint == take_in(put(tmp_path / "plain", GOOD), tmp_path / "again").fingerprint


@pytest.mark.parametrize("how", ["folder", "zip"])
def test_accepts_backslash_names(how: str, tmp_path: Path, sent: Path, target: Path) -> None:
    files = {name.replace("/", "\\"): text for name, text in moved("homework/").items()}
    source = put(sent, files) if how == "folder" else pack(tmp_path / "sent.zip", files)
    if how == "zip":
        # zipfile writes "/" for the system's separator only, so the names went in as they are.
        assert b"homework\\charlm\\model.py" in source.read_bytes()
    assert take_in(source, target).problems == []
    assert copied(target) == GOOD


def test_accepts_a_virtual_environment_beside_the_code(sent: Path, target: Path) -> None:
    put(sent, GOOD)
    put(sent / "torchenv", {"pyvenv.cfg": "", **{f"lib/{i}.py": "" for i in range(600)}})
    (sent / "torchenv/python").symlink_to(sys.executable)
    assert take_in(sent, target).problems == []


def test_accepts_a_zip_of_the_current_folder(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
        archive.writestr("./", "")
        archive.writestr("./charlm/", "")
        for name, text in GOOD.items():
            archive.writestr(f"./{name}", text)
    assert take_in(tmp_path / "sent.zip", target).problems == []


def test_accepts_a_link_to_the_submission_itself(tmp_path: Path, sent: Path, target: Path) -> None:
    (tmp_path / "link").symlink_to(put(sent, GOOD))
    assert take_in(tmp_path / "link", target).problems == []


def test_accepts_the_reference(target: Path) -> None:
    intake = take_in(REFERENCE, target)
    assert intake.problems == intake.notes == []
    assert intake.answers


def test_fingerprint_changes_with_the_code(sent: Path, tmp_path: Path) -> None:
    first = take_in(put(sent, GOOD), tmp_path / "a").fingerprint
    (sent / "charlm/model.py").write_text("VALUE = 2\n")
    assert take_in(sent, tmp_path / "b").fingerprint != first


def test_nothing_is_executed_or_imported(sent: Path, target: Path, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    put(sent, {**GOOD, **{f"charlm/{name}.py": trap for name in MODULES}, "tomllib.py": trap, "json.py": trap})
    assert take_in(sent, target).problems == []
    assert not (tmp_path / "ran").exists()
    assert not any(name.split(".")[0] == "charlm" and "copy" in str(module) for name, module in sys.modules.items())


def test_notes_say_what_was_left_out(sent: Path, target: Path) -> None:
    intake = take_in(put(sent, {**GOOD, "charlm/helpers.py": "x = 1\n", "old/model.py": "x = 1\n"}), target)
    assert intake.problems == []
    assert any("charlm/helpers.py" in note for note in intake.notes)
    assert any("old/model.py" in note for note in intake.notes)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "missing"),
        ("[problem_5\n", "line 1"),
        ("a = " + "[" * 5000, "nested"),
        ("a." * 2000 + "b = 1", "nested"),
        (b"\xff\xfea\0", "UTF-16"),
        ("a = '\xe9'".encode("latin-1"), "UTF-8"),
        ("#" * 300_000, "larger"),
    ],
    ids=["missing", "not TOML", "deep", "dotted", "UTF-16", "Latin-1", "large"],
)
def test_unusable_answers_cost_only_the_answers(
    content: str | bytes | None, word: str, sent: Path, target: Path
) -> None:
    put(sent, GOOD)
    (sent / "answers.toml").unlink()
    if content is not None:
        put(sent, {"answers.toml": content})
    intake = take_in(sent, target)
    assert intake.problems == []
    assert intake.answers == {}
    assert intake.answers_problem is not None
    assert word in intake.answers_problem
    assert intake.answers_problem not in intake.notes
    assert (target / "charlm/model.py").exists()


def test_answers_of_every_type_become_plain_values(sent: Path, target: Path) -> None:
    text = "a = 1\nb = 2.5\nc = true\nd = ['x']\ne = 2024-01-01\n[f]\ng = nan\n"
    answers = take_in(put(sent, {**GOOD, "answers.toml": text}), target).answers
    assert answers | {"f": None} == {"a": 1, "b": 2.5, "c": True, "d": ["x"], "e": "2024-01-01", "f": None}


TRICKS = '''"""Nothing here."""
import sys, ctypes
from inspect import stack
from os import _exit as leave
import support.probes

frame = sys._getframe(1).f_back
known = sys.modules["torch"]
code = (lambda: 1).__code__
memory = open("/proc/self/mem")
globals_of = getattr(code, "__globals__")
'''
ODD_BUT_HONEST = '''"""The file /proc is not named with a slash behind it, and signal is a variable."""
import gc, os, sys, inspect
from .support import helper
signal = socket = 3
modules, stack, fork_length = os.sep, [signal], sys.maxsize
gc.collect()
print(sys.version, inspect.signature(print), __name__, type(signal).__mro__)
'''


def test_names_that_homework_has_no_use_for_are_for_the_instructor(sent: Path, target: Path) -> None:
    put(sent, {**GOOD, "charlm/model.py": TRICKS, "charlm/data.py": ODD_BUT_HONEST})
    intake = take_in(sent, target)
    assert not intake.problems
    assert not intake.notes
    named = [note.split(" which homework has no use for: ")[0] for note in intake.staff_notes]
    assert named == [
        "charlm/model.py, line 2, names ctypes,",
        "charlm/model.py, line 3, names inspect.stack,",
        "charlm/model.py, line 4, names os._exit,",
        "charlm/model.py, line 5, names support.probes,",
        "charlm/model.py, line 7, names f_back,",
        "charlm/model.py, line 7, names sys._getframe,",
        "charlm/model.py, line 8, names sys.modules,",
        "charlm/model.py, line 9, names __code__,",
        "charlm/model.py, line 10, names /proc/,",
        "charlm/model.py, line 11, names __globals__,",
    ]


def test_the_reference_has_no_such_names(target: Path) -> None:
    assert take_in(REFERENCE, target).staff_notes == []
