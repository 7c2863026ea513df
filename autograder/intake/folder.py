"""A submission that is a folder, read without following a single link."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.intake.catalogue import Catalogue, Unreadable, is_junk, refuse_blame, shown, too_large
from autograder.intake.limits import IntakeLimits

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe that took a file's place must not wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def open_folder(path: Path, limits: IntakeLimits) -> Iterator[Catalogue]:
    """List the folder; its files can be read inside the `with`. Raises OSError when `path` itself can't be opened."""
    root = os.open(path, _FOLDER)
    try:
        catalogue = Catalogue(limits, lambda name, limit: _read(root, name, limit))
        _visit(catalogue, root, "", 1)
        yield catalogue
    finally:
        os.close(root)


@contextmanager
def open_file(path: Path, limits: IntakeLimits) -> Iterator[Catalogue]:
    """A submission that is one file. Raises OSError when its folder can't be opened."""
    root = os.open(path.parent, _FOLDER)
    try:
        catalogue = Catalogue(limits, lambda name, limit: _read(root, name, limit))
        catalogue.add(path.name, os.stat(path.name, dir_fd=root, follow_symlinks=False).st_size)
        yield catalogue
    finally:
        os.close(root)


def _visit(catalogue: Catalogue, folder: int, prefix: str, depth: int) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            catalogue.count()
            if not is_junk(entry.name):
                _enter(catalogue, folder, prefix, entry, depth)


def _enter(catalogue: Catalogue, folder: int, prefix: str, entry: os.DirEntry[str], depth: int) -> None:
    name = prefix + entry.name
    found = entry.stat(follow_symlinks=False)
    if stat.S_ISREG(found.st_mode):
        catalogue.add(name, found.st_size)
    elif stat.S_ISDIR(found.st_mode):
        _descend(catalogue, folder, name, entry.name, depth)
    elif stat.S_ISLNK(found.st_mode):
        catalogue.refuse(f"{shown(name)} is a link: replace it by the file that it points to.")
    else:
        catalogue.refuse(f"{shown(name)} is a device, pipe or socket: remove it from the submission.")


def _descend(catalogue: Catalogue, folder: int, name: str, last: str, depth: int) -> None:
    if depth >= catalogue.limits.depth:
        catalogue.refuse(f"{shown(name)} lies more than {catalogue.limits.depth} folders deep: hand in charlm/ itself.")
        return
    try:
        inner = os.open(last, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        refuse_blame(error)
        catalogue.refuse(f"The folder {shown(name)} cannot be read ({error.strerror}): hand in the charlm folder anew.")
        return
    try:
        if not _is_environment(inner):
            _visit(catalogue, inner, name + "/", depth + 1)
    finally:
        os.close(inner)


def _is_environment(folder: int) -> bool:
    """Whether this is a virtual environment, which students leave beside their code: thousands of files, links."""
    try:
        os.stat("pyvenv.cfg", dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _read(root: int, name: str, limit: int) -> bytes:
    """Read a listed file. Each step down refuses links, also those that were made after the listing."""
    *folders, last = name.split("/")
    opened: list[int] = []
    try:
        here = root
        for part in folders:
            here = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
            opened.append(here)
        here = os.open(last, _FILE, dir_fd=here)
        opened.append(here)
        found = os.fstat(here)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"{shown(name)} is not an ordinary file: hand it in anew.")
        if found.st_nlink > 1:
            raise Unreadable(f"{shown(name)} is a hard link to a file elsewhere: replace it by a copy.")
        return _bytes(here, name, limit)
    except OSError as error:
        refuse_blame(error)
        raise Unreadable(f"{shown(name)} cannot be read ({error.strerror}): hand it in anew.") from None
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _bytes(descriptor: int, name: str, limit: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise too_large(name, limit)
    return data
