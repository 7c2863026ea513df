"""Copy the files that the assignment names out of a submission, or say in sentences why that cannot be done."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.intake.archive import open_zip
from autograder.intake.catalogue import Catalogue, Unreadable, shown
from autograder.intake.folder import open_folder
from autograder.intake.layout import ANSWERS, INIT, PACKAGE, lay_out
from autograder.intake.limits import IntakeLimits
from autograder.intake.parse import parse

_WITHOUT_ANSWERS = "so the written answers cannot be checked"


class IntakeError(Exception):
    """The path is no submission at all: whoever called the grader made a mistake, not a student."""


@dataclass(frozen=True)
class Intake:
    """What became of a submission.

    `files` maps each copied file to the sha256 of its normalised bytes. `problems` says in sentences why the
    submission cannot be graded; when it is empty, the copy is complete. `answers` is {} when `answers_problem`
    says why. `notes` is worth telling, but no obstacle; `staff_notes` are for the instructor. `fingerprint` is the
    same for the same normalised files, however they were packed, and "" where nothing was copied. Names and source
    lines are the student's text.
    """

    files: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ""
    answers_problem: str | None = None
    staff_notes: list[str] = field(default_factory=list)


def take_in(source: Path, target: Path, limits: IntakeLimits | None = None) -> Intake:
    """Copy `source` (a folder or a zip) into the empty or new folder `target`, as UTF-8 with LF endings.

    With problems nothing is written. An unusable answers.toml is none: it costs only the written answers.
    Raises: IntakeError when `source` is neither a folder nor a file that can be opened; FileExistsError when
    `target` holds such files already; RuntimeError when the parser cannot be started.
    """
    limits = limits or IntakeLimits()
    if source.suffix in (".py", ".ipynb") and source.is_file():
        return Intake(problems=lay_out([source.name]).problems)
    try:
        with _open(source, limits) as catalogue:
            texts, notes, problems, answers_problem = _collect(catalogue)
    except Unreadable as error:
        return Intake(problems=[str(error)])
    if problems:
        return Intake(problems=problems, notes=notes, answers_problem=answers_problem)
    modules = {name: text for name, text in texts.items() if name != ANSWERS}
    parsed = parse(modules, texts.get(ANSWERS), limits.parse_cpu_seconds)
    if parsed.problems:
        return Intake(problems=parsed.problems, notes=notes, answers=parsed.answers, answers_problem=answers_problem)
    if parsed.answers_problem is not None:
        answers_problem = f"{ANSWERS} cannot be read, {_WITHOUT_ANSWERS}: {parsed.answers_problem}."
    files = {name: _put(target / name, text.encode()) for name, text in sorted(texts.items())}
    return Intake(files, parsed.answers, [], notes, _fingerprint(files), answers_problem, parsed.tricks)


def _open(source: Path, limits: IntakeLimits) -> AbstractContextManager[Catalogue]:
    try:
        # The path itself is the caller's, so a link there is followed; none below it is.
        source = source.resolve(strict=True)
        mode = source.stat().st_mode
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise IntakeError(f"{source} is neither a folder nor a zip file")
        if not os.access(source, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
            raise IntakeError(f"{source} cannot be read: permission denied")
    except (OSError, RuntimeError) as error:
        raise IntakeError(f"{source}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(mode):
        return open_folder(source, limits)
    return open_zip(source, limits)


def _collect(catalogue: Catalogue) -> tuple[dict[str, str], list[str], list[str], str | None]:
    """Read the named files. Returns: texts by their place in the copy, notes, problems, the answers' problem."""
    layout = lay_out(catalogue.files)
    # A link or an escaping name can hide a file, so what is missing is said only when nothing else is wrong.
    problems = list(catalogue.problems) or list(layout.problems)
    notes = list(layout.notes)
    texts: dict[str, str] = {}
    answers_problem = None
    for name, path in sorted(layout.found.items()):
        try:
            texts[name] = _text(path, catalogue.read(catalogue.files[path]))
        except Unreadable as error:
            if name == ANSWERS:
                answers_problem = f"{ANSWERS} cannot be used, {_WITHOUT_ANSWERS}: {error}"
            else:
                problems.append(str(error))
    if ANSWERS not in layout.found:
        answers_problem = f"{ANSWERS} is missing, {_WITHOUT_ANSWERS}: copy it from the handout and fill it in."
    texts.setdefault(f"{PACKAGE}/{INIT}", "")
    return texts, notes, problems, answers_problem


def _text(path: str, data: bytes) -> str:
    """Decode a file the way that editors write it: UTF-8, perhaps with a mark, any line endings."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(f"{shown(path)} is saved as UTF-16: save it as UTF-8 in your editor.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{shown(path)}, line {line}, is not UTF-8: save the file as UTF-8 in your editor.") from None
    if "\0" in text:
        raise Unreadable(f"{shown(path)} contains zero bytes, which no text has: save it as UTF-8 in your editor.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _put(path: Path, data: bytes) -> str:
    """Write one new file and return its sha256."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        file.write(data)
    return hashlib.sha256(data).hexdigest()


def _fingerprint(files: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
