"""Which checks there are, read from their source without running it: names, docstrings and decorators."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from autograder.paths import HIDDEN_CHECKS, PUBLIC_CHECKS
from support.info import CheckInfo, check_info

DECORATORS = {"number", "hint", "weight", "visibility", "covers", "requires"}


class CatalogueError(Exception):
    """A check's declaration is incomplete, not a literal, or its number is taken; or a file of checks is of no use."""


@dataclass(frozen=True)
class Catalogue:
    """All checks in the problems' order.

    `hidden` has the numbers of those whose inputs students do not see, `trained` of those that ask for a training,
    `answers` of those that judge a written answer.
    """

    checks: tuple[CheckInfo, ...]
    hidden: frozenset[str]
    trained: frozenset[str]
    answers: frozenset[str]
    files: tuple[Path, ...]

    @property
    def by_number(self) -> dict[str, CheckInfo]:
        return {check.number: check for check in self.checks}


def load_catalogue(public: Path = PUBLIC_CHECKS, hidden: Path = HIDDEN_CHECKS) -> Catalogue:
    """Read the public and the hidden checks. Raises CatalogueError naming the file."""
    files = {False: sorted(public.glob("test_*.py")), True: sorted(hidden.glob("hidden_*.py"))}
    for folder, found in ((public, files[False]), (hidden, files[True])):
        if not found:
            raise CatalogueError(f"there are no checks in {folder}")
    checks: dict[str, CheckInfo] = {}
    secret, trained, answers = set[str](), set[str](), set[str]()
    for is_hidden, path in [(kind, path) for kind in files for path in files[kind]]:
        for info, fixtures in _read(path):
            if info.number in checks:
                raise CatalogueError(f"{path.name}: check number {info.number} is taken twice")
            checks[info.number] = info
            secret |= {info.number} if is_hidden else set()
            trained |= {info.number} if "trained" in fixtures else set()
            answers |= {info.number} if is_hidden and "answers" in fixtures else set()
    ordered = tuple(sorted(checks.values(), key=lambda info: info.order))
    return Catalogue(ordered, frozenset(secret), frozenset(trained), frozenset(answers), (*files[False], *files[True]))


def _read(path: Path) -> list[tuple[CheckInfo, list[str]]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (OSError, ValueError, SyntaxError) as error:
        raise CatalogueError(f"{path.name}: {error}") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    try:
        return [
            (
                check_info(node.name, ast.get_docstring(node) or "", _declared(node)),
                [argument.arg for argument in node.args.args],
            )
            for node in functions
        ]
    except ValueError as error:
        raise CatalogueError(f"{path.name}: {error}") from None


def _declared(function: ast.FunctionDef) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in function.decorator_list:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DECORATORS:
            values = [ast.literal_eval(argument) for argument in node.args]
            found[node.func.id] = values if node.func.id in {"covers", "requires"} else values[0]
    return found
