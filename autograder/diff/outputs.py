"""Files that are written when the work is done, and tried before it begins."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from types import TracebackType


class Output:
    """A text file, open from the start. Nothing in it is changed before `write`, and none is left without it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when it cannot be written."""
        self._path, self._new = path, not os.path.lexists(path)
        self._file = path.open("a", encoding="utf-8")

    def write(self, text: str) -> None:
        """Replace what the file holds. Raises OSError."""
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.truncate(0)
        self._file.write(text)
        self._file.flush()
        self._new = False

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if self._new:
            self._path.unlink(missing_ok=True)
