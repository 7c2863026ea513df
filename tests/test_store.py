"""The results file: replaced as a whole or not at all."""

import errno
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from autograder.results.store import StoreError, read, write
from tests.made_up_runs import (
    DOCUMENTS,
)


def test_write_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for made in (DOCUMENTS["first"], DOCUMENTS["passed"]):
        write(path, made)
        assert json.loads(path.read_bytes()) == made
    assert [item.name for item in tmp_path.iterdir()] == ["results.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_write_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "results.json").symlink_to(tmp_path / "victim")
    write(tmp_path / "results.json", DOCUMENTS["first"])
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "tempfile.mkstemp"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_stands_there_survives_a_failed_write(
    step: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    write(path, DOCUMENTS["first"])

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr({"os": os, "tempfile": tempfile}[step.split(".")[0]], step.split(".")[1], fail)
        with pytest.raises(StoreError, match=re.escape(os.strerror(code))):
            write(path, DOCUMENTS["passed"])
    assert json.loads(path.read_bytes()) == DOCUMENTS["first"]
    assert [item.name for item in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("wrong", [{"score": float("nan")}, {"x": object()}])
def test_what_is_no_json_is_not_written(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        write(tmp_path / "results.json", wrong)
    assert not list(tmp_path.iterdir())


def test_read_gives_back_what_was_written_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read(path) == {}
    write(path, DOCUMENTS["passed"])
    assert read(path) == DOCUMENTS["passed"]
    for text in ("", "[]", "[" * 100_000, '{"score": 1'):
        path.write_text(text)
        assert read(path) == {}


def test_a_folder_that_is_missing_is_made_again(tmp_path: Path) -> None:
    write(tmp_path / "nowhere" / "results.json", DOCUMENTS["passed"])
    assert read(tmp_path / "nowhere" / "results.json") == DOCUMENTS["passed"]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="File exists"):
        write(tmp_path / "file" / "results.json", {})
