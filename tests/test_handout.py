"""handout.zip: what a student unpacks, on any system, and that nothing of the grader's own is in it."""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import handout, secrecy
from autograder.paths import CALIBRATION, HELD_OUT, REFERENCE, ROOT
from autograder.secrecy import leaks
from tests.test_commands import run

CONTENTS = handout.collect()
RESERVED = {"con", "prn", "aux", "nul"}  # names that Windows keeps for itself


def test_nothing_of_the_graders_own_is_in_it() -> None:
    assert leaks(CONTENTS) == []


def planted(name: str, text: str) -> list[str]:
    return leaks({**CONTENTS, name: CONTENTS.get(name, b"") + text.encode()})


SECRETS = list(secrecy.secrets())


def test_every_solution_check_and_sentence_is_looked_for() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (REFERENCE / "charlm").glob("*.py"))
    hidden = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "autograder" / "checks").glob("hidden_*.py"))
    names = [secret.name for secret in SECRETS]
    assert sum(name.startswith("the solution of") for name in names) == sources.count("# solution: ") > 10
    assert sum(name.startswith("the hidden check") for name in names) == hidden.count("\ndef test_") > 50
    assert 0 <= hidden.count("\ndef test_") - sum(name.startswith("the sentence of") for name in names) <= 1


@pytest.mark.parametrize("kind", ["the solution of", "the hidden check", "the sentence of", "the rubric"])
def test_each_secret_is_found_wherever_it_is_put(kind: str) -> None:
    """All of a kind at once, under a name that says nothing."""
    chosen = [secret for secret in SECRETS if secret.name.startswith(kind)]
    found = planted("tests/support/parts.py", "\n".join(f"\n{secret.text}\n" for secret in chosen))
    assert [secret.name for secret in chosen if secret.name not in found] == []


@pytest.mark.parametrize(
    ("source", "name"), [("charlm/model.py", "charlm/training.py"), ("charlm/attention.py", "tests/test_problem_7.py")]
)
def test_a_solution_in_other_dress_is_found(source: str, name: str) -> None:
    """Reformatted and without comments, as the unmarked module of somebody who has it."""
    text = ast.unparse(ast.parse((REFERENCE / source).read_text(encoding="utf-8")))
    assert [leak for leak in planted(name, text) if leak.startswith("the solution of problem ")]


def _others() -> Iterator[tuple[str, str, str]]:
    value = json.loads(CALIBRATION.read_text())["cpu"]["values"]["honest"]["held_out"][0]
    yield "README.md", f"a good loss is {value}", "README.md: a number of the calibration"
    yield "data/shakespeare.txt", HELD_OUT.read_text(encoding="utf-8")[5000:5400], "the held-out plays"
    yield "README.md", HELD_OUT.read_text(encoding="utf-8")[5000:5400], "the held-out plays"
    yield "answers.toml", '\n[extra]\nx = "B T V"\n', "answers.toml: an answer"


@pytest.mark.parametrize(("name", "text", "said"), [*_others()])
def test_texts_numbers_and_answers_are_found(name: str, text: str, said: str) -> None:
    assert said in planted(name, text)


def test_names_suit_every_system() -> None:
    assert len({name.casefold() for name in CONTENTS}) == len(CONTENTS)
    for name in CONTENTS:
        assert name.isascii()
        assert len(name) < 100
        assert not set(name) & set('<>:"\\|?*')
        assert not {part.split(".")[0] for part in name.split("/")} & RESERVED


@pytest.mark.parametrize("name", [name for name in CONTENTS if name.endswith(".py")])
def test_modules_are_those_of_the_oldest_python(name: str) -> None:
    ast.parse(CONTENTS[name], feature_version=(3, 10))
    assert b"\r" not in CONTENTS[name]


def test_it_has_all_that_a_student_needs() -> None:
    assert set(handout.FILES) <= set(CONTENTS)
    assert {"data/shakespeare.txt", "charlm/attention.py", "tests/test_problem_8_mask.py"} <= set(CONTENTS)


def test_the_command_writes_the_same_zip_each_time(tmp_path: Path) -> None:
    written = []
    for name in ("first.zip", "second.zip"):
        done = run("handout", "--out", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert " public checks, " in done.stdout
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"homework"}


def test_a_leak_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaky = {**CONTENTS, "README.md": (REFERENCE / "rubric.md").read_bytes()}
    monkeypatch.setattr(handout, "collect", lambda: leaky)
    with pytest.raises(handout.HandoutError, match="holds what is the grader's alone: the rubric"):
        handout.handout(tmp_path / "handout.zip", tell=lambda line: None)
    assert list(tmp_path.iterdir()) == []
