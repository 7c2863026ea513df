"""What the builders of hostile submissions share."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.patches import Change, write_patched

BROKEN_SPLIT = Change("charlm/data.py", "return tokens[:cut], tokens[cut:]", "return tokens[:0], tokens")


def reference(folder: Path, *changes: Change) -> Path:
    """The reference with `changes`, as a folder of its own in `folder`."""
    return write_patched(changes, folder / "homework")


def zipped(original: Path, *, without: str = "") -> Path:
    """The folder `original` as a zip beside it, without one of its files."""
    path = original.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(original.rglob("*")):
            inside = file.relative_to(original).as_posix()
            if file.is_file() and inside != without:
                archive.write(file, inside)
    return path
