"""Systematic mutants of the reference: small changes made everywhere by the operators of poodle and of `operators`."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from poodle.data_types import FileMutation
from poodle.mutate import builtin_mutators

from autograder.paths import REFERENCE
from tests.patches import Change
from tests.zoo.operators import OPERATORS

FILES = ("tokenizer", "data", "attention", "model", "training")  # experiments.py is given, and nothing checks it


@dataclass(frozen=True)
class Mutant:
    """The reference with one small change.

    `id` names file, function, operator and texts, so that it outlives edits elsewhere. `function` is the innermost one
    that holds the change, None outside of functions. `problem` is the one whose solution is changed, None elsewhere.
    """

    id: str
    change: Change
    function: str | None
    problem: int | None


def load_mutants() -> list[Mutant]:
    """All mutants whose code is not that of the reference or of an earlier one."""
    return [mutant for file in FILES for mutant in Source(f"charlm/{file}.py").mutants()]


class Source:
    """One file of the reference."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.text = (REFERENCE / file).read_text(encoding="utf-8")

    def mutants(self) -> list[Mutant]:
        seen = {ast.dump(ast.parse(self.text))}
        found: dict[str, Mutant] = {}
        for mutation in sorted(self._mutations(), key=lambda mutation: (mutation.lineno, mutation.col_offset)):
            start, end = self._offset(mutation.lineno, mutation.col_offset), self._end(mutation)
            new = self.text[:start] + mutation.text + self.text[end:]
            tree = _parsed(new)
            if tree is None or ast.dump(tree) in seen or self._inside_f_string(mutation):
                continue
            seen.add(ast.dump(tree))
            function = self.function_at(mutation.lineno)
            old = " ".join(self.text[start:end].split())
            name = f"{self.file} {function or 'module'} {mutation.mutator_name}: {old} -> {mutation.text}"
            id = _next_free(name, found)
            found[id] = Mutant(id, Change(self.file, self.text, new), function, self.problem_at(mutation.lineno))
        return list(found.values())

    def function_at(self, line: int) -> str | None:
        """The innermost function that has this line in its definition, as in `Head.forward`."""
        around = [name for name, (first, last) in self.functions.items() if first <= line <= last]
        return max(around, key=lambda name: self.functions[name][0], default=None)

    def problem_at(self, line: int) -> int | None:
        """The problem whose marked solution this line belongs to."""
        for text in reversed(self.text.splitlines()[:line]):
            if text.strip() == "# end solution":
                return None
            if marked := re.match(r"\s*# solution: problem (\d+):", text):
                return int(marked[1])
        return None

    @cached_property
    def functions(self) -> dict[str, tuple[int, int]]:
        """First and last line of each function."""
        return {name: (node.lineno, node.end_lineno or node.lineno) for name, node in functions_of(self._tree).items()}

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.text)

    def _mutations(self) -> list[FileMutation]:
        settings = SimpleNamespace(mutator_opts={})
        operators: list[Any] = [*builtin_mutators.values(), *OPERATORS]
        return [
            mutation
            for operator in operators
            for mutation in operator(config=settings, echo=print).create_mutations(
                parsed_ast=ast.parse(self.text), file_lines=self.text.splitlines()
            )
        ]

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        for line in self.text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def _offset(self, line: int, column: int) -> int:
        return self._line_starts[line - 1] + column

    def _end(self, mutation: FileMutation) -> int:
        return self._offset(mutation.end_lineno, mutation.end_col_offset)

    def _inside_f_string(self, mutation: FileMutation) -> bool:
        """Whether this is in an f-string: Python 3.12 and later place its parts elsewhere than earlier ones."""
        place = (mutation.lineno, mutation.col_offset)
        return any(
            (node.lineno, node.col_offset) <= place < (node.end_lineno or 0, node.end_col_offset or 0)
            for node in ast.walk(self._tree)
            if isinstance(node, ast.JoinedStr)
        )


def functions_of(tree: ast.AST, prefix: str = "") -> dict[str, ast.FunctionDef]:
    """The functions by qualified name."""
    found: dict[str, ast.FunctionDef] = {}
    for node in ast.iter_child_nodes(tree):
        name = prefix
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = f"{prefix}{node.name}."
        if isinstance(node, ast.FunctionDef):
            found[name[:-1]] = node
        found |= functions_of(node, name)
    return found


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def _next_free(name: str, taken: dict[str, Mutant]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} #{number}"
    return free
