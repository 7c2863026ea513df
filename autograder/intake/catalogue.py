"""The names in a submission, made comparable: what a folder and a zip have in common."""

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from autograder.intake.limits import IntakeLimits

_JUNK = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "Thumbs.db", "desktop.ini", "venv", "env"}
_MOST_PROBLEMS = 10


# Errors of reading that come from the machine: what was handed in may be in order.
_MACHINES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EDQUOT}


class Unreadable(Exception):
    """A file, or the whole submission, cannot be used; the message is a sentence for the student."""


class TooMuch(Unreadable):
    """A limit on the whole submission is passed, so there is no use in reading on."""


@dataclass
class Catalogue:
    """The files of a submission by their normalised path, each with the name that its source knows it by."""

    limits: IntakeLimits
    read: Callable[[str, int], bytes]  # the file of this name, if it has at most so many bytes
    files: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    total: int = 0
    members: int = 0

    def count(self) -> None:
        """Count one more member, whatever it is. Raises TooMuch."""
        self.members += 1
        if self.members > self.limits.files:
            raise TooMuch(
                f"The submission has more than {self.limits.files} files: hand in only the charlm folder and "
                "answers.toml."
            )

    def add(self, name: str, size: int) -> None:
        """Enter one regular file. Raises TooMuch."""
        path = self.place(name)
        if path is None:
            return
        self.total += size
        if self.total > self.limits.total_bytes:
            raise TooMuch(
                f"The submission is too large (over {self.limits.total_bytes // 2**20} MB unpacked): hand in only "
                "the charlm folder and answers.toml, without data, runs and trained models."
            )
        if path in self.files:
            self.refuse(f"{shown(path)} is in the submission twice: hand in one file of that name.")
        self.files[path] = name

    def place(self, name: str) -> str | None:
        """The normalised path for a member's name, or None where the name is refused or is "." itself."""
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts or re.match("[A-Za-z]:", path) or "\0" in path:
            self.refuse(
                f"The name {shown(name)} leads out of the submission: pack the charlm folder again, so that names "
                "begin with charlm/."
            )
            return None
        if len(parts) > self.limits.depth:
            self.refuse(f"{shown(path)} lies more than {self.limits.depth} folders deep: hand in charlm/ itself.")
            return None
        return "/".join(parts) or None

    def refuse(self, sentence: str) -> None:
        """Note a problem; a thousand of the same kind help nobody."""
        if len(self.problems) < _MOST_PROBLEMS and sentence not in self.problems:
            self.problems.append(sentence)


def refuse_blame(error: Exception) -> None:
    """Raise `error` again when it is the machine's, so that it ends as the grader's error."""
    if isinstance(error, OSError) and error.errno in _MACHINES:
        raise error


def is_junk(name: str) -> bool:
    """Whether some part of this path is what systems and tools leave behind, never homework."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in (".", "..")]
    return any(part.startswith(".") or part in _JUNK or part.endswith(".pyc") for part in parts)


def shown(name: str, limit: int = 80) -> str:
    """A member's name for a sentence: one line, not endless. It is still the student's text."""
    name = name.encode("utf-8", "backslashreplace").decode()
    name = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
    return name if len(name) <= limit else name[: limit // 2] + "…" + name[-limit // 2 :]


def too_large(name: str, limit: int) -> Unreadable:
    """The sentence for a named file over the limit."""
    what = "clear all its outputs" if name.endswith(".ipynb") else "keep only your code in it, without data or outputs"
    return Unreadable(f"{shown(name)} is larger than {limit // 1024} kB: {what}.")
