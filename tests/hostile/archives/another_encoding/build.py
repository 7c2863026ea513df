from pathlib import Path

from tests.hostile.building import reference

HIDDEN = b"# coding: utf-7\n# a comment +AAo-import os; os._exit(0)\n"


def attack(folder: Path) -> Path:
    original = reference(folder)
    for name, text in (("model", HIDDEN), ("data", "# na\xefve\n".encode("latin-1"))):
        path = original / f"charlm/{name}.py"
        path.write_bytes(text + path.read_bytes())
    return original
