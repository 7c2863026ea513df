import os
from pathlib import Path

from autograder.paths import REFERENCE
from tests.hostile.building import reference


def attack(folder: Path) -> Path:
    original = reference(folder)
    (original / "charlm/data.py").unlink()
    (original / "charlm/data.py").symlink_to(REFERENCE / "charlm/data.py")
    return original


def twin(folder: Path) -> Path:
    original = reference(folder)
    (original / "charlm/data.py").rename(original / "charlm/new.py")
    os.replace(original / "charlm/new.py", original / "charlm/data.py")
    _before(original / "charlm/model.py", "# coding: utf-8\n# naïve \N{SNOWMAN}\n".encode())
    _before(original / "charlm/data.py", b"\xef\xbb\xbf# -*- coding: utf-8 -*-\r\n")
    (original / "charlm/DATA.txt").write_text("where the text comes from")
    for name in ("pipe", "socket", "device"):
        (original / name).touch(0o600)
    for number in range(10):
        (original / f"runs/{number}").mkdir(parents=True)
        for other in range(15):
            (original / f"runs/{number}/{other}.txt").touch()
    (folder / "handed-in").symlink_to(original)
    return folder / "handed-in"


def _before(path: Path, text: bytes) -> None:
    path.write_bytes(text + path.read_bytes())
