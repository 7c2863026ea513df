"""Files that live in the cells of notebooks: what `%%writefile charlm/model.py` writes, or cells tagged `model.py`.

Nothing is written where a cell says: its path only says which file of the submission it stands for.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from autograder.intake.catalogue import Catalogue, Unreadable, shown
from autograder.intake.layout import ANSWERS, MODULES, PACKAGE
from autograder.intake.parse import FileCell, read_notebooks
from autograder.intake.text import as_text

_ENDING = ".ipynb"
_TAGGED = {name: f"{PACKAGE}/{name}" for name in MODULES}


@dataclass
class CellFile:
    """A file that cells of one notebook make. `continues`: its first cell appends to what they do not make."""

    notebook: str
    continues: bool
    cells: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    conflict: str | None = None  # a sentence: which text is meant nobody can say

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def where(self) -> str:
        numbers = ", ".join(map(str, self.cells[:5])) + (", …" if len(self.cells) > 5 else "")
        return f"{'cell' if len(self.cells) == 1 else 'cells'} {numbers} of {shown(self.notebook)}"


@dataclass
class Notebooks:
    """What the notebooks of a submission hold: files by the path that they would have in it.

    `obstacles` are sentences about what could not be read, which matters only where something is missing.
    """

    files: dict[str, CellFile] = field(default_factory=dict)
    obstacles: list[str] = field(default_factory=list)


def open_notebooks(catalogue: Catalogue) -> Notebooks:
    """Read all notebooks of a submission. Raises TooMuch when their cells make too many files."""
    texts: dict[str, str] = {}
    found = Notebooks()
    room = catalogue.limits.notebook_bytes
    for path in sorted(path for path in catalogue.files if path.endswith(_ENDING)):
        try:
            data = catalogue.read(catalogue.files[path], room)
            texts[path] = as_text(path, data)
        except Unreadable as error:
            found.obstacles.append(str(error))
        else:
            room -= len(data)
    if not texts:
        return found
    read = read_notebooks(list(texts.values()), catalogue.limits.parse_cpu_seconds)
    for path, cells in zip(texts, read, strict=True):
        if isinstance(cells, str):
            found.obstacles.append(f"The notebook {shown(path)} cannot be read: {cells}.")
        else:
            _enter(catalogue, found, path, cells)
    return found


def _enter(catalogue: Catalogue, found: Notebooks, notebook: str, cells: list[FileCell]) -> None:
    """Put together the files that one notebook's cells make, and add them to what others make."""
    made: dict[str, CellFile] = {}
    for cell in cells:
        path = _place(posixpath.dirname(notebook), cell, catalogue.limits.depth)
        if path is None:
            if posixpath.basename(cell.path) in (*MODULES, ANSWERS):
                found.obstacles.append(
                    f"Cell {cell.cell} of {shown(notebook)} writes {shown(cell.path)}, which lies outside of the "
                    f"submission: name the file {PACKAGE}/{posixpath.basename(cell.path)}."
                )
            continue
        if path not in made:
            catalogue.count()
            made[path] = CellFile(notebook, continues=cell.append and not cell.tagged)
        _add(made[path], path, cell)
    for path, file in made.items():
        other = found.files.setdefault(path, file)
        if other.text != file.text and other.conflict is None:
            other.conflict = f"{shown(path)} is in {other.where} and in {file.where}, and the two differ: keep one."


def _add(file: CellFile, path: str, cell: FileCell) -> None:
    if cell.append or not file.parts:
        file.cells.append(cell.cell)
        file.parts.append(cell.text)
    elif file.conflict is None and cell.text != file.text:
        file.conflict = (
            f"Cell {cell.cell} of {shown(file.notebook)} writes {shown(path)} anew, and differs from {file.where}: "
            "keep one of them, or let the second one append, with %%writefile -a."
        )


def _place(folder: str, cell: FileCell, depth: int) -> str | None:
    """The path in the submission that a cell means; None where it leads out."""
    path = _TAGGED.get(cell.path, cell.path) if cell.tagged else cell.path
    if path.startswith(("/", "~")) or re.match("[A-Za-z]:", path):
        # Where notebooks run on a server, /content/homework/charlm/model.py means charlm/model.py.
        head, last = posixpath.split(path)
        if posixpath.basename(head) != PACKAGE:
            return None
        path = f"{PACKAGE}/{last}"
    path = posixpath.normpath(posixpath.join(folder, path))
    parts = path.split("/")
    return None if parts[0] == ".." or len(parts) > depth or "\0" in path else path
