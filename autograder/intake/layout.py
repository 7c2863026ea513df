"""Where in a submission the files that the assignment names are, however they were packed."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.intake.catalogue import shown

PACKAGE = "charlm"
MODULES = ("tokenizer.py", "data.py", "attention.py", "model.py", "training.py")
INIT = "__init__.py"
ANSWERS = "answers.toml"
WRITTEN = "answers.md"
_NEVER_GRADED = {"experiments.py", INIT}
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".rar", ".7z")


@dataclass(frozen=True)
class Layout:
    """`found` maps `charlm/model.py` and its like to where they are; sentences for what is missing or left out."""

    found: dict[str, str]
    problems: list[str]
    notes: list[str]


def lay_out(files: Iterable[str]) -> Layout:
    """Find the package folder (`charlm/`, at any depth, or loose modules), and both files of answers."""
    paths = sorted(files)
    if not paths:
        return Layout(
            {}, ["The submission is empty: hand in the folder charlm with its modules, and answers.toml."], []
        )
    folders = _candidates(paths)
    if not folders:
        return Layout({}, _nothing_found(paths), [])
    if len(folders) > 1:
        both = " and in ".join(shown(folder) for folder in folders[:2])
        return Layout({}, [f"The modules are there more than once, in {both}: hand in only one charlm folder."], [])
    found = {
        f"{PACKAGE}/{name}": _join(folders[0], name) for name in (*MODULES, INIT) if _join(folders[0], name) in paths
    }
    found |= _answers(folders[0], paths)
    missing = [_missing(name, paths, found) for name in MODULES if f"{PACKAGE}/{name}" not in found]
    return Layout(found, missing + _collisions(paths, found), _left_out(paths, folders[0]))


def _candidates(paths: list[str]) -> list[str]:
    """The folders that could be the package, as good as each other: usually exactly one."""
    counts: dict[str, int] = {}
    for path in map(PurePosixPath, paths):
        if path.name in MODULES:
            folder = "" if str(path.parent) == "." else str(path.parent)
            counts[folder] = counts.get(folder, 0) + 1

    def rank(folder: str) -> tuple[bool, int]:
        return PurePosixPath(folder).name == PACKAGE, counts[folder]

    best = max(map(rank, counts), default=None)
    return [folder for folder in counts if rank(folder) == best]


def _answers(folder: str, paths: list[str]) -> dict[str, str]:
    """Where answers.toml and answers.md are: beside charlm/, in it, or further up."""
    folders = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        folders.append(folder)
    folders[:2] = reversed(folders[:2])
    places = {name: [_join(folder, name) for folder in folders] for name in (ANSWERS, WRITTEN)}
    found = {name: next((path for path in places[name] if path in paths), None) for name in places}
    return {name: path for name, path in found.items() if path is not None}


def _nothing_found(paths: list[str]) -> list[str]:
    wanted = f"{PACKAGE}/ with {', '.join(MODULES)}, and {ANSWERS}"
    for path in paths:
        if path.endswith(".ipynb"):
            return [
                f"{shown(path)} is a notebook without any of the modules that are graded: begin the cell of each with "
                f"a line like %%writefile {PACKAGE}/{MODULES[0]}, or hand in {wanted}."
            ]
    for path in paths:
        if path.endswith(_ARCHIVES):
            return [f"{shown(path)} is packed inside the submission: unpack it and hand in {wanted}."]
    return [_missing(name, paths, {}) for name in MODULES]


def _missing(name: str, paths: list[str], found: Mapping[str, str]) -> str:
    sentence = f"{PACKAGE}/{name} is missing"
    similar = _similar(name, [path for path in paths if path not in found.values()])
    if similar is None:
        return f"{sentence}: add it, with exactly that name."
    if PurePosixPath(similar).name == name:
        return f"{sentence}, but there is {shown(similar)}: move it beside the other modules, into {PACKAGE}/."
    return f"{sentence}, but there is {shown(similar)}: rename it to exactly {name}."


def _similar(name: str, paths: list[str]) -> str | None:
    """The file that was probably meant: other capitals, a copy's suffix, another ending, a typing mistake."""
    stem = name.removesuffix(".py")
    names = {path: PurePosixPath(path).name for path in paths}
    for path, other in names.items():
        if other == name:
            return path
    for path, other in names.items():
        base = other.casefold().removesuffix(".txt")
        letters = re.sub("[^a-z]", "", base.removesuffix(".py"))
        if base.endswith(".py") and letters in (stem, stem + "copy", stem + "final", stem + "new"):
            return path
    pythons = {other: path for path, other in names.items() if other.endswith(".py") and other not in _NEVER_GRADED}
    close = difflib.get_close_matches(name, [other for other in pythons if other not in MODULES], 1, 0.8)
    return pythons[close[0]] if close else None


def _collisions(paths: list[str], found: Mapping[str, str]) -> list[str]:
    """Names that one system tells apart and another does not: which of them is meant nobody can say."""
    folded: dict[str, list[str]] = {}
    for path in paths:
        folded.setdefault(path.casefold(), []).append(path)
    return [
        f"{' and '.join(map(shown, folded[path.casefold()][:2]))} differ only in capitals: keep {shown(path)} only."
        for name, path in found.items()
        if name != WRITTEN and len(folded[path.casefold()]) > 1
    ]


def _left_out(paths: list[str], folder: str) -> list[str]:
    """Say which modules stay behind: other copies of graded ones, and those whose import from charlm would fail."""
    named = [PurePosixPath(path) for path in paths if path.endswith(".py")]
    inside = [path for path in named if _join(folder, path.name) == str(path)]
    copies = [path for path in named if path.name in MODULES and path not in inside]
    notes = []
    if copies:
        notes.append(
            f"Also there, but not graded: {_listed(copies)}. Graded are the modules in {shown(folder) or '.'}/."
        )
    # Loose modules lie among anything; only in charlm/ itself is another module likely to be imported.
    others = [path for path in inside if path.name not in {*MODULES, *_NEVER_GRADED}]
    if others and PurePosixPath(folder).name == PACKAGE:
        notes.append(
            f"Not among the assignment's files, so left out: {_listed(others)}. What is imported from there must move."
        )
    return notes


def _listed(paths: list[PurePosixPath]) -> str:
    return ", ".join(shown(str(path)) for path in paths[:5]) + (", …" if len(paths) > 5 else "")


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
