"""Submissions whose modules live in the cells of notebooks: what is taken from where, and what is refused."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.intake import IntakeLimits, take_in
from autograder.intake.parse import read_notebooks
from tests.intake.homework import GOOD, MODULES, NAMED, WITHOUT_MODEL, copied, pack, put, refused

Cell = dict[str, Any]
FILES = {name: text for name, text in GOOD.items() if name != "charlm/__init__.py"}
MODEL = GOOD["charlm/model.py"]
WITHOUT_ANSWERS = {name: text for name, text in FILES.items() if name != "answers.toml"}


FINGERPRINT = hashlib.sha256(
    "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(GOOD.items())).encode()
).hexdigest()


def code(source: str | list[str], *tags: str) -> Cell:
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


def markdown(source: str, *tags: str) -> Cell:
    return {**code(source, *tags), "cell_type": "markdown"}


def writing(path: str, text: str, flag: str = "") -> Cell:
    return code(f"%%writefile {flag}{path}\n{text}")


def notebook(*cells: Cell, **keys: Any) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | keys)


def written(files: dict[str, str] = FILES) -> list[Cell]:
    return [writing(name, text) for name, text in files.items()]


def tagged(form: Callable[[str], str]) -> list[Cell]:
    return [code(text, "mine", form(name)) for name, text in FILES.items()]


ATTENTION = "charlm/attention.py"
HALVES = [writing(ATTENTION, "FIRST = 1\n\n"), code("1 + 1"), writing(ATTENTION, "SECOND = 2\n", "-a ")]
REST = written({name: text for name, text in FILES.items() if name != ATTENTION})

ACCEPTED = {
    "written": notebook(*written()),
    "among others": notebook(markdown("# Title"), code("import torch"), *written(), code("!pytest -q")),
    "tagged": notebook(*tagged(str)),
    "tagged without the folder": notebook(*tagged(lambda name: name.removeprefix("charlm/"))),
    "in lines": notebook(*[code(cell["source"].splitlines(keepends=True)) for cell in written()]),
    "no line end": notebook(*[code(cell["source"].removesuffix("\n")) for cell in written()]),
    "CRLF": notebook(*[code(cell["source"].replace("\n", "\r\n")) for cell in written()]),
    "empty lines first": notebook(*[code("\n\n" + cell["source"]) for cell in written()]),
    "on a server": notebook(*[writing(f"/content/hw/{name}", text) for name, text in WITHOUT_ANSWERS.items()],
                            writing("answers.toml", GOOD["answers.toml"])),
    "dots": notebook(*[writing(f"./{name}", text) for name, text in FILES.items()]),
    "quoted": notebook(*[writing(f'"{name}"', text) for name, text in FILES.items()]),
    "backslashes": notebook(*[writing(name.replace("/", "\\"), text) for name, text in FILES.items()]),
    "the old name of the magic": notebook(*[code(f"%%file {name}\n{text}") for name, text in FILES.items()]),
    "answers in a text cell": notebook(*written(WITHOUT_ANSWERS), markdown(GOOD["answers.toml"], "answers.toml")),
    "twice the same": notebook(*written(), *written()),
    "an __init__ too": notebook(*written(GOOD)),
    "an older minor version": notebook(*written(), nbformat_minor=0),
    "with a mark": "\ufeff" + notebook(*written()),
    "with outputs": notebook({**code("1"), "outputs": [{"data": {"image/png": "aGk=" * 10**5}}]}, *written()),
    "unknown keys": notebook({**code("1"), "id": 3, "attachments": {"a": [{}]}}, *written(), extra={"deep": [[[]]]}),
}  # fmt: skip


def test_every_way_to_write_cells_gives_the_same_files() -> None:
    read = read_notebooks([text.lstrip("\ufeff") for text in ACCEPTED.values()], 10)
    for name, cells in zip(ACCEPTED, read, strict=True):
        assert not isinstance(cells, str), f"{name}: {cells}"
        assert {cell.text for cell in cells} - {""} == set(FILES.values()), name


@pytest.mark.parametrize(
    ("how", "name"),
    [
        *(("folder", name) for name in ("tagged without the folder", "on a server", "backslashes", "twice the same")),
        *(("folder", name) for name in ("answers in a text cell", "an __init__ too", "with outputs")),
        *((how, name) for how in ("alone", "zip") for name in ("written", "with a mark")),
    ],
)
def test_accepts(name: str, how: str, tmp_path: Path, sent: Path, target: Path) -> None:
    intake = take_in(handed_in(how, ACCEPTED[name], tmp_path, sent), target)
    assert intake.problems == []
    assert copied(target) == GOOD
    assert sorted(intake.files) == NAMED
    assert intake.answers == {"problem_5": {"X_shape": "B T"}}
    assert intake.fingerprint == FINGERPRINT
    assert [note for note in intake.notes if note.startswith("Taken from notebooks: answers.toml (cell ")]


def handed_in(how: str, text: str | bytes, tmp_path: Path, sent: Path) -> Path:
    if how == "zip":
        return pack(tmp_path / "sent.zip", {"hw.ipynb": text})
    put(sent, {"mine/hw.ipynb": text})
    return sent if how == "folder" else sent / "mine" / "hw.ipynb"


@pytest.mark.parametrize(
    "halves",
    [
        HALVES,
        [HALVES[0], code("%%writefile charlm/attention.py --append\nSECOND = 2")],
        [code("FIRST = 1\n\n", "attention.py"), code("1 + 1"), code("SECOND = 2\n", "attention.py")],
    ],
    ids=["-a", "--append", "tags"],
)
def test_a_module_can_have_several_cells(halves: list[Cell], sent: Path, target: Path) -> None:
    intake = take_in(put(sent, {"hw.ipynb": notebook(*REST, *halves)}), target)
    assert intake.problems == []
    assert (target / ATTENTION).read_text() == "FIRST = 1\n\nSECOND = 2\n"
    assert "charlm/attention.py (cells " in intake.notes[0]


def test_several_notebooks_share_the_modules(sent: Path, target: Path) -> None:
    cells = written()
    put(sent, {"one.ipynb": notebook(*cells[:4]), "two.ipynb": notebook(*cells[2:])})
    assert take_in(sent, target).problems == []
    assert copied(target) == GOOD


def test_a_notebook_in_a_folder_of_its_own_may_write_beside_it(sent: Path, target: Path) -> None:
    cells = [writing(f"../{name}", text) for name, text in FILES.items()]
    assert take_in(put(sent, {"notebooks/hw.ipynb": notebook(*cells)}), target).problems == []
    assert copied(target) == GOOD


def test_only_what_is_missing_may_come_from_cells(sent: Path, target: Path) -> None:
    intake = take_in(put(sent, {**WITHOUT_MODEL, "hw.ipynb": notebook(writing("charlm/model.py", MODEL))}), target)
    assert intake.problems == []
    assert intake.notes == ["Taken from notebooks: charlm/model.py (cell 1 of hw.ipynb)."]
    assert copied(target) == GOOD


def test_a_file_that_the_notebook_wrote_is_no_conflict(sent: Path, target: Path) -> None:
    appended = [writing("charlm/data.py", GOOD["charlm/data.py"].partition("\n")[2], "-a ")]
    put(sent, {**GOOD, "hw.ipynb": notebook(*written(WITHOUT_ANSWERS)), "more.ipynb": notebook(code("1"))})
    put(sent, {"hw.ipynb": notebook(*[cell for cell in written() if "data.py" not in cell["source"]], *appended)})
    intake = take_in(sent, target)
    assert intake.problems == intake.notes == []
    assert copied(target) == GOOD


CONFLICTS = {
    "file and cell": (
        {**GOOD, "hw.ipynb": notebook(writing("charlm/model.py", "OLD = 1\n"))},
        ("charlm/model.py is there as a file and in cell 1 of hw.ipynb, and the two differ: hand in only one",),
    ),
    "file and cell that appends": (
        {**GOOD, "hw.ipynb": notebook(writing("charlm/model.py", "MORE = 1\n", "-a "))},
        ("charlm/model.py is there as a file and in cell 1 of hw.ipynb, and the two differ",),
    ),
    "two notebooks": (
        {"a.ipynb": notebook(*written()), "b.ipynb": notebook(writing("charlm/model.py", "OLD = 1\n"))},
        ("charlm/model.py is in cell 4 of a.ipynb and in cell 1 of b.ipynb, and the two differ: keep one",),
    ),
    "two cells": (
        {"hw.ipynb": notebook(*written(), writing("charlm/model.py", "NEW = 1\n"))},
        ("Cell 7 of hw.ipynb writes charlm/model.py anew, and differs from cell 4 of hw.ipynb", "%%writefile -a"),
    ),
    "a beginning that is not there": (
        {"hw.ipynb": notebook(writing("charlm/model.py", MODEL, "-a "), *written(WITHOUT_ANSWERS)[:3])},
        ("charlm/training.py is missing",),
    ),
    "nothing to append to": (
        {**WITHOUT_MODEL, "hw.ipynb": notebook(writing("charlm/model.py", MODEL, "-a "))},
        ("charlm/model.py begins with a cell that appends (cell 1 of hw.ipynb)", "%%writefile charlm/"),
    ),
    "two folders": (
        {"a/hw.ipynb": notebook(*written()), "b/hw.ipynb": notebook(*written())},
        ("more than once, in a/charlm and in b/charlm",),
    ),
}


@pytest.mark.parametrize(("files", "words"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_nobody_can_decide_is_refused(
    files: dict[str, str], words: tuple[str, ...], sent: Path, target: Path
) -> None:
    refused(take_in(put(sent, {**files}), target), target, *words)


def deep(levels: int) -> str:
    return notebook(*written()).replace('"metadata": {}', '"metadata": {"x": ' + "[" * levels + "]" * levels + "}", 1)


def cells_with(**keys: Any) -> str:
    return notebook({**code("1"), **keys}, *written())


UNREADABLE = {
    "empty": ("", "it is no JSON"),
    "no JSON": ("cells = []", "it is no JSON"),
    "cut off": (notebook(*written())[:-5], "it is no JSON"),
    "a list": ("[]", "does not say that it is of format 4"),
    "an empty object": ("{}", "does not say that it is of format 4"),
    "format 3": (notebook(nbformat=3), "format 4: open it in Jupyter or Colab and save it again"),
    "format true": (notebook(*written(), nbformat=True), "format 4"),
    "no cells": ('{"nbformat": 4}', "it has no list of cells"),
    "cells as an object": (notebook(cells={"0": code("1")}), "it has no list of cells"),
    "a cell that is text": (notebook("%%writefile charlm/model.py\n", *written()), "cell 1 is not what"),  # type: ignore[arg-type]
    "a source that is a number": (cells_with(source=1), "cell 1 is not what"),
    "a source with numbers": (cells_with(source=["x", 1]), "cell 1 is not what"),
    "a source that is an object": (cells_with(source={"text": "x"}), "cell 1 is not what"),
    "no source": (cells_with(source=None), "cell 1 is not what"),
    "a type that is a list": (cells_with(cell_type=["code"]), "cell 1 is not what"),
    "metadata that are a list": (cells_with(metadata=[]), "cell 1 is not what"),
    "tags that are text": (cells_with(metadata={"tags": "model.py"}), "cell 1 is not what"),
    "tags with objects": (cells_with(metadata={"tags": [{}]}), "cell 1 is not what"),
    "half a character": (cells_with(source="x = '\ud800'"), "cell 1 is not what"),
    "zero bytes": (cells_with(source="x\0"), "cell 1 is not what"),
    "a key twice": (notebook(*written()).replace('"nbformat": 4', '"nbformat": 4, "nbformat": 4'), "a key twice"),
    "a source twice": (notebook(*written()).replace('"source"', '"source": "", "source"', 1), "a key twice"),
    "two names": (notebook(code("%%writefile charlm/model.py charlm/data.py\n")), "cell 1 does not name one file"),
    "no name": (notebook(code("%%writefile\n")), "cell 1 does not name one file"),
    "an open quote": (notebook(code("%%writefile 'charlm/model.py\n")), "cell 1 does not name one file"),
    "two tags": (notebook(code("x", "model.py", "charlm/data.py")), "cell 1 is tagged with more than one file"),
    "deep": (deep(101), "nested too deeply"),
    "very deep": (deep(100_000), "nested too deeply"),
    "deep and open": ("[" * 10**6, "nested too deeply"),
    "a number without end": (notebook(*written(), x=0).replace('"x": 0', f'"x": {"9" * 10**6}'), ""),
    "large": (notebook(code("#" * (5 * 2**20)), *written()), "larger than 5120 kB: clear all its outputs"),
    "large outputs": (cells_with(outputs=[{"data": {"image/png": "A" * 6 * 2**20}}]), "clear all its outputs"),
    "UTF-16": (notebook(*written()).encode("utf-16"), "saved as UTF-16"),
    "Latin-1": (notebook(*written(), x="x").replace('"x"', '"é"').encode("latin-1"), "not UTF-8"),
}


def test_every_notebook_that_cannot_be_read_has_a_sentence() -> None:
    chosen = {name: text for name, (text, _) in UNREADABLE.items() if isinstance(text, str) and len(text) < 4 * 2**20}
    for name, said in zip(chosen, read_notebooks(list(chosen.values()), 10), strict=True):
        assert isinstance(said, str), name
        assert UNREADABLE[name][1] in said


OF_EACH_KIND = ["empty", "a cell that is text", "very deep", "large outputs", "UTF-16", "Latin-1"]


@pytest.mark.parametrize(
    ("how", "kind"), [*(("folder", kind) for kind in OF_EACH_KIND), ("alone", "empty"), ("zip", "a list")]
)
def test_a_notebook_that_cannot_be_read_is_refused(
    kind: str, how: str, tmp_path: Path, sent: Path, target: Path
) -> None:
    text, words = UNREADABLE[kind]
    refused(take_in(handed_in(how, text, tmp_path, sent), target), target, "hw.ipynb", words)


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_where_nothing_is_missing_it_is_a_note(kind: str, sent: Path, target: Path) -> None:
    text, words = UNREADABLE[kind]
    intake = take_in(put(sent, {**GOOD, "hw.ipynb": text}), target)
    assert intake.problems == []
    assert copied(target) == GOOD
    (note,) = intake.notes
    assert words in note
    assert note.endswith(" Nothing was taken from there.")


ESCAPES = [
    *("../charlm/model.py", "charlm/../../model.py", "/etc/model.py", "~/model.py", "C:\\x\\model.py"),
    "a/" * 12 + "model.py",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_a_cell_that_leads_out_is_refused(path: str, sent: Path, target: Path) -> None:
    cells = [*written({name: text for name, text in FILES.items() if "model" not in name}), writing(path, MODEL)]
    refused(take_in(put(sent, {"hw.ipynb": notebook(*cells)}), target), target, "lies outside of the submission")
    assert {path.name for path in sent.parent.rglob("*")} == {"sent", "hw.ipynb"}


def test_nothing_is_written_where_cells_say(sent: Path, target: Path, tmp_path: Path) -> None:
    victim = tmp_path / "charlm" / "model.py"
    intake = take_in(put(sent, {"hw.ipynb": notebook(*written(), writing(str(victim), MODEL))}), target)
    assert intake.problems == []
    assert not victim.parent.exists()


def test_mistakes_in_cells_are_shown_with_the_cell(sent: Path, target: Path) -> None:
    cells = [*written(WITHOUT_MODEL), writing("charlm/model.py", "x = 1\n!ls\n")]
    intake = take_in(put(sent, {"hw.ipynb": notebook(*cells)}), target)
    refused(intake, target, "charlm/model.py (cell 7 of hw.ipynb), line 2, is not valid Python", "    !ls\n")


def test_large_modules_in_cells_are_refused(sent: Path, target: Path) -> None:
    cells = [*written(WITHOUT_MODEL), writing("charlm/model.py", "#" * 300_000)]
    refused(take_in(put(sent, {"hw.ipynb": notebook(*cells)}), target), target, "charlm/model.py is larger than 256 kB")


def test_cells_count_as_files(sent: Path, target: Path) -> None:
    cells = [writing(f"x/{i}.py", "") for i in range(600)]
    refused(take_in(put(sent, {"hw.ipynb": notebook(*cells)}), target), target, "more than 500 files")


def test_all_notebooks_together_have_a_limit(sent: Path, target: Path) -> None:
    put(sent, {f"{i}.ipynb": notebook(code("#" * 2**20)) for i in range(8)})
    refused(take_in(sent, target), target, "4.ipynb is larger than")


SLOW = {
    "objects": "[" + "{}," * 1_700_000 + "{}]",
    "cells": notebook(*[writing("charlm/model.py", str(i)) for i in range(30_000)]),
    "quotes": notebook(code("%%writefile " + "''" * 2_000_000)),
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_no_notebook_can_stop_the_grader(text: str, sent: Path, target: Path) -> None:
    assert len(text) < 5 * 2**20
    put(sent, {"hw.ipynb": text})
    began = time.process_time()
    refused(take_in(sent, target, IntakeLimits(parse_cpu_seconds=1)), target)
    assert time.process_time() - began < 2


def test_a_damaged_notebook_never_breaks_the_grader(tmp_path: Path) -> None:
    original = notebook(*written(), markdown("x", "tag")).encode()
    rng = random.Random(20261125)
    for attempt in range(10):
        data = bytearray(original)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b'{}[]",:0\\n' + bytes(range(256)))
        (tmp_path / "hw.ipynb").write_bytes(data)
        intake = take_in(tmp_path / "hw.ipynb", tmp_path / f"copy{attempt}")
        assert all(problem.endswith((".", "again.")) for problem in intake.problems)


def test_missing_modules_are_named(sent: Path, target: Path) -> None:
    put(sent, {"hw.ipynb": notebook(writing(ATTENTION, "x = 1\n"), writing("charlm/Model.py", "x = 1\n"))})
    names = [f"charlm/{name}.py is missing" for name in MODULES if name != "attention"]
    refused(take_in(sent, target), target, *names, "there is charlm/Model.py: rename it to exactly model.py")
