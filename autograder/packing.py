"""Zip files that are the same to the last byte whenever their contents are: fixed times, order, modes, line endings."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
JUNK = {"__pycache__", "runs", "node_modules", "Thumbs.db", "desktop.ini"}


class PackingError(Exception):
    """What should go into the zip cannot; the message says what and why."""


def files_below(root: Path, folder: str) -> Iterator[str]:
    """The files in `folder`, relative to `root` with slashes; without caches and what systems leave. Raises
    PackingError for a link, which would point nowhere where the zip is unpacked."""
    for path in sorted((root / folder).iterdir()):
        name = path.relative_to(root).as_posix()
        if path.name.startswith(".") or path.name in JUNK or path.suffix == ".pyc":
            continue
        if path.is_symlink():
            raise PackingError(f"{name} is a link: replace it by the file that it points to")
        if path.is_dir():
            yield from files_below(root, name)
        else:
            yield name


def read_text(path: Path) -> bytes:
    """A text file with LF endings, whatever a version control system made of them. Raises PackingError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PackingError(f"{path.name} cannot be read: {error.strerror}") from None
    return data if b"\0" in data else data.replace(b"\r\n", b"\n")


def zipped(contents: Mapping[str, bytes], executable: Iterable[str] = ()) -> bytes:
    """The zip with these files by name. `executable` ones get mode 0755, the others 0644."""
    programs = set(executable)
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(contents):
                info = zipfile.ZipInfo(name, EARLIEST)
                info.create_system = 3  # Unix, wherever it is made, so that the modes count
                info.external_attr = (0o100755 if name in programs else 0o100644) << 16
                archive.writestr(info, contents[name], zipfile.ZIP_DEFLATED, 9)
        file.seek(0)
        return file.read()


def put(path: Path, data: bytes) -> str:
    """Replace the file `path` by `data`, atomically; a line that names it, its size and its hash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)
    return f"{path}: {len(data) / 2**20:.2f} MB, sha256 {hashlib.sha256(data).hexdigest()}"
