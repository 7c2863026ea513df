"""A worker's own folder: made, watched while the worker runs, and deleted. The submission can put anything into it."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from autograder.sandbox.limits import MIB, Limits

SHARED = ("/tmp", "/var/tmp", "/dev/shm")
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}  # errors of looking that no folder's content can cause
BLOCK = 512  # what st_blocks counts


class ScratchFull(Exception):
    """The submission left more in its folder than it may."""


class DiskFull(Exception):
    """The file system has little room left, and much less than when the worker was started."""


class Scratch:
    """A new folder inside `parent`, owned by `uid` (None: by ourselves)."""

    def __init__(self, parent: Path, uid: int | None, limits: Limits) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="scratch-", dir=parent))
        self._parent, self._limits = parent, limits
        self._free_before = self._free_at_worst = _free(parent)
        if uid is not None:
            os.chown(self.path, uid, uid)

    def check(self) -> None:
        """Raises ScratchFull, DiskFull, or OSError for what is no fault of the submission's.

        Follows no link, and looks at few more entries than there may be.
        """
        try:
            self._count()
        except OSError as error:
            if error.errno in OURS:
                raise
            raise ScratchFull(f"the submission made a folder that cannot be looked into: {error.strerror}") from error
        free = _free(self._parent)
        if free < self._limits.free and self._free_before - free > self._limits.scratch:
            self._free_at_worst = free
            raise DiskFull(f"the disk has only {free // MIB} MB left, {self._free_before // MIB} MB before")

    def gave_back(self, seconds: float) -> bool:
        """After DiskFull and the end of the worker: whether it was the worker that had used the room up."""
        until = time.monotonic() + seconds
        while _free(self._parent) - self._free_at_worst < self._limits.scratch / 2:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        return True

    def _count(self) -> None:
        size = count = 0
        folders = [str(self.path)]
        while folders:
            for entry in _entries(folders.pop(), self._limits.scratch_files + 1):
                count += 1
                with contextlib.suppress(FileNotFoundError):  # deleted in the meantime
                    size += entry.stat(follow_symlinks=False).st_blocks * BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                if size > self._limits.scratch or count > self._limits.scratch_files:
                    raise ScratchFull(
                        f"the submission wrote more than {self._limits.scratch // MIB} MB of files,"
                        f" or more than {self._limits.scratch_files} files"
                    )

    def delete(self) -> None:
        """Never fails, whatever lies in the folder."""
        remove(self.path)


def _free(path: Path) -> int:
    """Bytes that a file system has left for users without privileges."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _entries(folder: str, most: int) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(itertools.islice(found, most))
    except (FileNotFoundError, NotADirectoryError):
        return []  # deleted in the meantime


def remove(path: Path) -> None:
    """Delete a file, a link or a folder. Python's own way gives up on folders that are nested very deeply."""
    with contextlib.suppress(OSError, RecursionError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if os.path.lexists(path):
        subprocess.run(["/bin/rm", "-rf", "--", str(path)], stderr=subprocess.DEVNULL, check=False)


def remove_all_of(uid: int, folders: tuple[str, ...] = SHARED) -> None:
    """Delete what a user id left in the folders that everybody may write to."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                path = Path(folder, name)
                with contextlib.suppress(FileNotFoundError):  # somebody else's, deleted in the meantime
                    if path.lstat().st_uid == uid:
                        remove(path)
