"""Writing results so that a reader finds either the old file or the new one, whole, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class StoreError(Exception):
    """The results could not be written; what stood there before is still there."""


def write(path: Path, document: Mapping[str, Any], *, lasting: bool = True) -> None:
    """Replace `path` by the document as JSON, atomically, readable for the owner only.

    With `lasting` it also outlives a power cut. Without, it outlives the end of any process, which is enough for
    what the next check replaces, and costs a tenth of the time.

    Raises StoreError (folder read-only, disk full, no valid JSON) and leaves the old file and no temporary one.
    """
    try:
        # ASCII needs no decision about encodings, and NaN is no JSON.
        text = json.dumps(document, indent=2 if lasting else None, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"the results are no valid JSON: {error}") from error
    try:
        write_text(path, text + "\n", lasting=lasting)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error


def read(path: Path) -> dict[str, Any]:
    """The document in `path`, or {} when there is none that could be built on."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    tests = document.get("tests") if isinstance(document, dict) else None
    return document if isinstance(tests, list) and all(isinstance(test, dict) for test in tests) else {}


def remove(path: Path) -> None:
    """Delete what stands in the results' place; a folder there is set aside. Raises OSError."""
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):
        if path.is_symlink() or not path.is_dir():
            raise
        path.rename(tempfile.mkdtemp(prefix=f"{path.name}.set-aside-", dir=path.parent))


def clean_up(path: Path) -> None:
    """Delete what a process left that was killed while it wrote to `path`."""
    with contextlib.suppress(OSError):
        for leftover in path.parent.glob(f".{path.name}.*"):
            leftover.unlink()


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    """Replace the file `path` by `text`, atomically. A folder in its place is set aside. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        remove(path)
    # mkstemp gives mode 0600: hidden checks' results and the seed are not for the student's processes.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    if lasting:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the renaming last through a power cut. Some file systems cannot; the file is in place all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
