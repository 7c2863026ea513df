"""What intake accepts, what it refuses, and that it says what to do."""

import os
import random
import stat
import struct
import sys
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from autograder.intake import Intake, IntakeError, IntakeLimits, take_in
from autograder.intake.layout import Layout, lay_out
from autograder.paths import REFERENCE

MODULES = ("tokenizer", "data", "attention", "model", "training")
GOOD = {
    **{f"charlm/{name}.py": f'"""{name}: É"""\nVALUE = 1\n' for name in MODULES},
    "charlm/__init__.py": "",
    "answers.toml": '[problem_5]\nX_shape = "B T"\n',
}
NAMED = sorted(GOOD)


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


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    return folder


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


# What is accepted: however it was packed, the copy and its fingerprint are the same.

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
    intake = take_in(Path(__file__).parents[1] / "reference", target)
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


# What costs only the written answers.


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


# What is refused, in files that a folder and a zip can both hold.

WITHOUT_MODEL = {name: text for name, text in GOOD.items() if name != "charlm/model.py"}
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


# What only a folder can hold.


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


# What only a zip can hold.


@pytest.mark.parametrize(
    "name", ["../model.py", "/etc/model.py", "charlm/../../model.py", "c:/x/model.py", "charlm/model.py\0.txt"]
)
def test_refuses_names_that_escape(name: str, tmp_path: Path, target: Path) -> None:
    # zipfile itself would tidy such a name, so it is put in afterwards, in the place of one of the same length.
    path = pack(tmp_path / "sent.zip", {**WITHOUT_MODEL, "!" * len(name): ""})
    path.write_bytes(path.read_bytes().replace(b"!" * len(name), name.encode()))
    refused(take_in(path, target), target, "leads out of the submission")


@pytest.mark.parametrize(
    ("kind", "word"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "pipe"), (stat.S_IFCHR, "device"), (stat.S_IFSOCK, "socket")],
)
def test_refuses_members_that_are_no_files(kind: int, word: str, tmp_path: Path, target: Path) -> None:
    path = pack(tmp_path / "sent.zip", WITHOUT_MODEL)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("charlm/model.py")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(take_in(path, target), target, "charlm/model.py", word)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["charlm/model.py", "charlm\\model.py", "./charlm//model.py"])
def test_refuses_a_name_twice(second: str, tmp_path: Path, target: Path) -> None:
    path = pack(tmp_path / "sent.zip", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(second, "evil = 1\n")
    refused(take_in(path, target), target, "charlm/model.py", "twice")


def test_refuses_an_encrypted_zip(tmp_path: Path, target: Path) -> None:
    path = pack(tmp_path / "sent.zip", GOOD)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    path.write_bytes(data)
    refused(take_in(path, target), target, "encrypted", "without a password")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_refuses_unusual_packing(method: int, tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sent.zip", "w", method) as archive:
        for name, text in GOOD.items():
            archive.writestr(name, text)
    refused(take_in(tmp_path / "sent.zip", target), target, "unusual method")


def test_refuses_a_bomb_that_declares_itself(tmp_path: Path, target: Path) -> None:
    pack(tmp_path / "sent.zip", {**GOOD, "x": b"\0" * 50_000_000})
    refused(take_in(tmp_path / "sent.zip", target), target, "compression bomb")


def test_refuses_a_bomb_that_lies_about_its_size(tmp_path: Path, target: Path) -> None:
    path = pack(tmp_path / "sent.zip", {**WITHOUT_MODEL, "charlm/model.py": b"#" * 30_000_000})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 30_000_000), struct.pack("<I", 1000)))
    refused(take_in(path, target), target, "charlm/model.py", "damaged")


def test_refuses_a_large_archive(tmp_path: Path, target: Path) -> None:
    path = pack(tmp_path / "sent.zip", {**GOOD, "x": random.Random(0).randbytes(2**20)})
    refused(take_in(path, target, IntakeLimits(archive_bytes=2**19)), target, "too large")


@pytest.mark.parametrize("data", [b"", b"PK", b"\x1f\x8b gzip", b"Rar!\x1a", b"PK\x05\x06" + b"\0" * 18], ids=repr)
def test_refuses_what_is_no_zip(data: bytes, tmp_path: Path, target: Path) -> None:
    (tmp_path / "sent.zip").write_bytes(data)
    refused(take_in(tmp_path / "sent.zip", target), target)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_zip_never_breaks_the_grader(tmp_path: Path) -> None:
    original = pack(tmp_path / "good.zip", GOOD).read_bytes()
    rng = random.Random(20260101)
    for attempt in range(200):
        data = bytearray(original)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        path = tmp_path / "sent.zip"
        path.write_bytes(data)
        intake = take_in(path, tmp_path / f"copy{attempt}")
        assert all(problem.endswith((".", "again.")) for problem in intake.problems)


def test_a_single_file_gets_a_sentence(tmp_path: Path, target: Path) -> None:
    refused(take_in(put(tmp_path, {"hw.ipynb": "{}"}) / "hw.ipynb", target), target, "notebook")
    refused(take_in(put(tmp_path, {"model.py": ""}) / "model.py", target), target, "charlm/data.py is missing")


# Sources that attack the parser.

NESTED = {
    "parentheses": "(" * 90_000 + ")" * 90_000,
    "lists": "[" * 190 + "]" * 190,
    "unary": "x = " + "-" * 200_000 + "1",
    "nots": "x = " + "not " * 50_000 + "1",
    "sum": "x = 1" + "+1" * 100_000,
    "attributes": "x" + ".y" * 100_000,
    "calls": "x" + "()" * 100_000,
    "ifs": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass",
    "elifs": "if 1: pass\n" + "elif 1: pass\n" * 15_000,
    "lambdas": "x = " + "lambda: " * 25_000 + "1",
    "f-strings": "x = f'" + "{" * 1000 + "}" * 1000 + "'",
    "large number": "x = " + "9" * 250_000,
    "large hexadecimal": "x = 0x" + "f" * 250_000,
    "power": "x = 9**9**9**9",
    "large power": "x = (1 << 200) ** 5000 * 'x'",
    "repeated text": "x = 'x' * 10 ** 12",
    "repeated tuple": "x = ((0,) * 200,) * 200, (((((1,) * 50) * 50) * 50) * 50) * 50",
    "decorators": "@x\n" * 80_000 + "def f(): pass",
    "braces without end": "x = " + "{" * 150 + "a:",
    "brackets and a mistake": "x = " + "a[" * 180 + "]" * 170,
    "comprehensions": "x = " + "[y for y in " * 60 + "z" + "]" * 60,
}


@pytest.mark.parametrize("source", NESTED.values(), ids=NESTED)
def test_no_source_can_stop_the_grader(source: str, sent: Path, target: Path) -> None:
    assert len(source) < 256 * 1024
    put(sent, {**GOOD, "charlm/model.py": source + "\n"})
    began = time.monotonic()
    intake = take_in(sent, target, IntakeLimits(parse_cpu_seconds=2))
    assert time.monotonic() - began < 10
    if intake.problems:
        refused(intake, target, "charlm/model.py")
        assert len(intake.problems) == 1


def test_warnings_of_the_compiler_are_no_errors(sent: Path, target: Path) -> None:
    put(sent, {**GOOD, "charlm/model.py": "assert (1, 'x')\nx = '\\d'\nif x is 1: pass\n"})
    assert take_in(sent, target).problems == []


# What is the caller's mistake.


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


def test_a_parser_that_cannot_start_is_the_graders_error(
    sent: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.intake.parse._CHILD", Path("/nonexistent.py"))
    with pytest.raises(RuntimeError, match="did not start"):
        take_in(put(sent, GOOD), target)


def test_a_parser_that_dies_names_the_file(sent: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fatal = sent.parent / "child.py"
    up, fine, broken = "{}", '{"problem": null, "number": null}', '{"pro'
    text = f"{up}\n{fine}\n{broken}"
    fatal.write_text(f"import os\nprint({text!r}, end='', flush=True)\nos.abort()\n")
    monkeypatch.setattr("autograder.intake.parse._CHILD", fatal)
    refused(take_in(put(sent, GOOD), target), target, "charlm/attention.py is too complex")


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
