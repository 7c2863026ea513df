"""What only a zip can hold, and intake refuses."""

from __future__ import annotations

import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from autograder.intake import IntakeLimits, take_in
from tests.intake.homework import GOOD, WITHOUT_MODEL, pack, refused


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
