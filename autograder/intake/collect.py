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
from autograder.intake.catalogue import Catalogue, Unreadable, shown, too_large
from autograder.intake.folder import open_file, open_folder
from autograder.intake.layout import ANSWERS, INIT, PACKAGE, WRITTEN, lay_out
from autograder.intake.limits import IntakeLimits
from autograder.intake.notebook import Notebooks, open_notebooks
from autograder.intake.parse import parse
from autograder.intake.text import as_text
from autograder.written import unanswered

_WITHOUT_ANSWERS = "so the written answers cannot be checked"
_GRADED_BY_A_PERSON = f"{WRITTEN} is graded by a person; it changes no points here."


class IntakeError(Exception):
    """The path is no submission at all: whoever called the grader made a mistake, not a student."""


@dataclass(frozen=True)
class Intake:
    """What became of a submission.

    `files` maps each copied file to the sha256 of its normalised bytes. `problems` says in sentences why the
    submission cannot be graded; when it is empty, the copy is complete. `answers` is {} when `answers_problem`
    says why. `notes` is worth telling, but no obstacle; `staff_notes` are for the instructor. `fingerprint` is the
    same for the same normalised files, however they were packed and whatever answers.md says, and "" where nothing
    was copied. Names and source lines are the student's text.
    """

    files: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fingerprint: str = ""
    answers_problem: str | None = None
    staff_notes: list[str] = field(default_factory=list)


def take_in(source: Path, target: Path, limits: IntakeLimits | None = None) -> Intake:
    """Copy `source` (a folder, a zip or a notebook) into the empty or new folder `target`, as UTF-8 with LF endings.

    With problems nothing is written. An unusable answers.toml is none: it costs only the written answers.
    Raises: IntakeError when `source` is neither a folder nor a file that can be opened; FileExistsError when
    `target` holds such files already; RuntimeError when the parser cannot be started.
    """
    limits = limits or IntakeLimits()
    if source.suffix == ".py" and source.is_file():
        return Intake(problems=lay_out([source.name]).problems)
    try:
        with _open(source, limits) as catalogue:
            got = _collect(catalogue)
    except Unreadable as error:
        return Intake(problems=[str(error)])
    if got.problems:
        return Intake(problems=got.problems, notes=got.notes, answers_problem=got.answers_problem)
    modules = {name: text for name, text in got.texts.items() if name not in (ANSWERS, WRITTEN)}
    parsed = parse(modules, got.texts.get(ANSWERS), limits.parse_cpu_seconds)
    answers_problem = got.answers_problem
    if parsed.problems:
        problems = [_with_cells(problem, got.cells) for problem in parsed.problems]
        return Intake(problems=problems, notes=got.notes, answers=parsed.answers, answers_problem=answers_problem)
    if parsed.answers_problem is not None:
        answers_problem = f"{ANSWERS} cannot be read, {_WITHOUT_ANSWERS}: {parsed.answers_problem}."
    files = {name: _put(target / name, text.encode()) for name, text in sorted(got.texts.items())}
    graded = {name: digest for name, digest in files.items() if name != WRITTEN}
    return Intake(files, parsed.answers, [], got.notes, _fingerprint(graded), answers_problem, parsed.tricks)


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
    if source.suffix == ".ipynb":
        return open_file(source, limits)
    return open_zip(source, limits)


@dataclass
class _Collected:
    """`texts` by their place in the copy; sentences as in `Intake`; `cells` are those that a text was found in."""

    texts: dict[str, str]
    problems: list[str]
    notes: list[str]
    answers_problem: str | None
    cells: dict[str, str]


def _collect(catalogue: Catalogue) -> _Collected:
    """Read the named files."""
    notebooks = open_notebooks(catalogue)
    layout = lay_out({*catalogue.files, *notebooks.files})
    # A link, an escaping name or a damaged notebook can hide a file, so what is missing is said only when nothing else
    # is wrong.
    hidden = list(notebooks.obstacles) if layout.problems else []
    problems = list(catalogue.problems) or (hidden if hidden and not layout.found else [*hidden, *layout.problems])
    cells = {
        name: notebooks.files[path].where for name, path in sorted(layout.found.items()) if path not in catalogue.files
    }
    notes = list(layout.notes)
    if cells:
        notes.append(f"Taken from notebooks: {', '.join(f'{name} ({where})' for name, where in cells.items())}.")
    if not layout.problems:
        notes += [f"{sentence} Nothing was taken from there." for sentence in notebooks.obstacles]
    texts: dict[str, str] = {}
    answers_problem = None
    for name, path in sorted(layout.found.items()):
        try:
            texts[name] = _read(catalogue, notebooks, path)
        except Unreadable as error:
            if name == WRITTEN:
                notes.append(f"{error} {_GRADED_BY_A_PERSON}")
            elif name == ANSWERS:
                answers_problem = f"{ANSWERS} cannot be used, {_WITHOUT_ANSWERS}: {error}"
            else:
                problems.append(str(error))
    if ANSWERS not in layout.found:
        answers_problem = f"{ANSWERS} is missing, {_WITHOUT_ANSWERS}: copy it from the handout and fill it in."
    if empty := unanswered(texts.get(WRITTEN, "")):
        which = ", ".join(map(str, empty[:20]))
        notes.append(f"{WRITTEN} has nothing yet under problem {which}. {_GRADED_BY_A_PERSON}")
    texts.setdefault(f"{PACKAGE}/{INIT}", "")
    return _Collected(texts, problems, notes, answers_problem, cells)


def _read(catalogue: Catalogue, notebooks: Notebooks, path: str) -> str:
    """The text of one named file, be it a file, cells, or both. Raises Unreadable."""
    limit = catalogue.limits.file_bytes
    cells = notebooks.files.get(path)
    text = as_text(path, catalogue.read(catalogue.files[path], limit)) if path in catalogue.files else None
    if cells is None:
        assert text is not None  # a path that was found is in one of the two
        return text
    if cells.conflict is not None:
        raise Unreadable(cells.conflict)
    if text is None:
        if cells.continues:
            raise Unreadable(
                f"{shown(path)} begins with a cell that appends ({cells.where}): begin it with %%writefile {PACKAGE}/…"
            )
        if len(cells.text.encode()) > limit:
            raise too_large(path, limit)
        return cells.text
    end = text.rstrip()
    if end != cells.text.rstrip() and not (cells.continues and end.endswith(cells.text.rstrip())):
        raise Unreadable(
            f"{shown(path)} is there as a file and in {cells.where}, and the two differ: hand in only one of them, or "
            "run the notebook again and hand in both."
        )
    return text


def _with_cells(problem: str, cells: dict[str, str]) -> str:
    """A sentence that begins with a module's name, with the cells that the module was taken from."""
    name = next((name for name in cells if problem.startswith(name)), None)
    return problem if name is None else problem.replace(name, f"{name} ({cells[name]})", 1)


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
