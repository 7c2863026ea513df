"""Compile sources, parse TOML and read notebooks, one report a line. A script of its own: `parse.py` starts it and
may lose it."""

import ast
import contextlib
import json
import re
import shlex
import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ADDRESS_SPACE = 1024**3
_DEEPEST_ANSWERS = 6
_DEEPEST_NOTEBOOK = 100
_WRITES = re.compile(r"\s*%%(?:writefile|file)\b(?P<arguments>.*)\n?")
_FILE_TAG = re.compile(r"(?:charlm/)?\w+\.(?:py|toml|md)")
_MOST_TRICKS = 10
# What opens other processes, the machine's files or the inside of the interpreter; no homework has a use for it.
_MODULES = {"autograder", "ctypes", "_ctypes", "pytest", "_pytest", "signal", "socket", "subprocess", "support"}
_NAMES = {
    *("_getframe", "_current_frames", "f_back", "f_globals", "f_locals", "tb_frame", "currentframe", "getouterframes"),
    *("__globals__", "__code__", "__closure__", "__subclasses__", "get_objects", "get_referrers", "get_referents"),
    *("_exit", "_disable_sigchld", "fork", "forkpty", "killpg", "setsid"),
}
_OF_MODULES = {("sys", "modules"), ("inspect", "stack"), ("os", "kill"), ("os", "system")}
_PATHS = ("/proc/", "/autograder/")


def _limit(cpu_seconds: int) -> None:
    import resource

    # macOS refuses some of these; the time limit outside holds there. The hard limit on time lies higher, because
    # reaching it means SIGKILL, which is then the mark of what others did to this process.
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_AS, _ADDRESS_SPACE, _ADDRESS_SPACE),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def _compile(name: str, source: str) -> dict[str, Any]:
    try:
        # The angle brackets name no file that Python could open to show a line of it. Bytes, not text, so that a
        # coding line means the same here as when the module is imported.
        compile(source.encode(), f"<{name}>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return {"problem": error.msg, "number": error.lineno}
    except (RecursionError, MemoryError):
        return {"problem": "it is nested too deeply", "number": None}
    except (ValueError, OverflowError, LookupError) as error:
        return {"problem": str(error), "number": None}
    return {"problem": None, "number": None}


def _answers(text: str) -> dict[str, Any]:
    try:
        answers = tomllib.loads(text)
        if _depth(answers) > _DEEPEST_ANSWERS:
            return {"answers": {}, "problem": "it is nested too deeply"}
        json.dumps(answers, default=str)
    except (RecursionError, MemoryError):
        return {"answers": {}, "problem": "it is nested too deeply"}
    except (ValueError, OverflowError) as error:
        return {"answers": {}, "problem": str(error)}
    return {"answers": answers, "problem": None}


def _tricks(source: str) -> list[dict[str, Any]]:
    """The names in a module that are in the lists above, each with its first line."""
    found: dict[str, int] = {}
    # What cannot be read twice was read once: this is for a note, never a reason to refuse anything.
    with contextlib.suppress(SyntaxError, RecursionError, MemoryError, ValueError, OverflowError, LookupError):
        for node in ast.walk(ast.parse(source.encode())):
            for name in _named(node):
                number = getattr(node, "lineno", 0)
                found[name] = min(number, found.get(name, number))
    first = sorted(found, key=lambda name: (found[name], name))[:_MOST_TRICKS]
    return [{"name": name, "number": found[name]} for name in first]


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in _MODULES)
    elif isinstance(node, ast.ImportFrom):
        module = (node.module or "") if node.level == 0 else ""
        if module.partition(".")[0] in _MODULES:
            yield module
        for alias in node.names:
            if alias.name in _NAMES or (module, alias.name) in _OF_MODULES:
                yield f"{module}.{alias.name}"
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if node.attr in _NAMES or (owner, node.attr) in _OF_MODULES:
            yield f"{owner}.{node.attr}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value in _NAMES:
            yield node.value
        yield from (path for path in _PATHS if path in node.value)


class _NoNotebook(Exception):
    """The text is no notebook that could be read; the message completes "it cannot be read: "."""


def _notebook(text: str) -> dict[str, Any]:
    """The cells that hold files: {"cell": from 1, "path", "append", "tagged", "text"}, in their order."""
    try:
        return {"problem": None, "cells": list(_file_cells(_cells(text)))}
    except _NoNotebook as error:
        return {"problem": str(error), "cells": []}


def _cells(text: str) -> list[Any]:
    try:
        document = json.loads(text, object_pairs_hook=_distinct)
    except (RecursionError, MemoryError):
        raise _NoNotebook("it is nested too deeply") from None
    except ValueError as error:
        raise _NoNotebook(f"it is no JSON ({error})") from None
    if _is_deeper(document, _DEEPEST_NOTEBOOK):
        raise _NoNotebook("it is nested too deeply")
    version = document.get("nbformat") if isinstance(document, dict) else None
    if type(version) is not int or version != 4:
        raise _NoNotebook("it does not say that it is of format 4: open it in Jupyter or Colab and save it again")
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise _NoNotebook("it has no list of cells")
    return cells


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is there twice, one program reads the first and another the second."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _NoNotebook("it gives a key twice in one place")
    return made


def _is_deeper(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [one for several in inner for one in several]
        if not level:
            return False
    return True


def _file_cells(cells: list[Any]) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(cells, start=1):
        kind, source, tags = _parts(cell, number)
        named = {tag for tag in tags if _FILE_TAG.fullmatch(tag)}
        first, _, rest = source.lstrip("\n").partition("\n")
        writes = _WRITES.fullmatch(first) if kind == "code" else None
        if not named and not writes:
            continue
        if len(named) > 1:
            raise _NoNotebook(f"cell {number} is tagged with more than one file")
        path, append = _arguments(writes["arguments"], number) if writes else (named.pop(), True)
        body = rest if writes else source
        text = body if body.endswith("\n") or not body else body + "\n"
        yield {"cell": number, "path": path, "append": append, "tagged": not writes, "text": text}


def _parts(cell: object, number: int) -> tuple[str, str, list[str]]:
    """A cell's type, source and tags."""
    if isinstance(cell, dict):
        kind, source, metadata = cell.get("cell_type"), cell.get("source"), cell.get("metadata", {})
        tags: Any = metadata.get("tags", []) if isinstance(metadata, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        strings = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
        if strings and isinstance(kind, str) and isinstance(source, str) and _is_text(source):
            return kind, source.replace("\r\n", "\n").replace("\r", "\n"), tags
    raise _NoNotebook(f"cell {number} is not what a cell has to be")


def _is_text(source: str) -> bool:
    """JSON can hold halves of characters, which no file can."""
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in source


def _arguments(text: str, number: int) -> tuple[str, bool]:
    """The path in a %%writefile line, and whether the cell appends to it."""
    try:
        words = shlex.split(text.replace("\\", "/"))
    except ValueError:
        words = []
    names = [word for word in words if word not in ("-a", "--append")]
    if len(names) != 1 or names[0].startswith("-"):
        raise _NoNotebook(f"the first line of cell {number} does not name one file")
    return names[0], len(words) > 1


def _depth(value: object) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + max(map(_depth, inner), default=0)


def reports(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What there is to say about each notebook, each source and the answers, and then about each source once more."""
    for notebook in job["notebooks"]:
        yield _notebook(notebook)
    for name, source in job["sources"].items():
        yield _compile(name, source)
    if job["answers"] is not None:
        yield _answers(job["answers"])
    for source in job["sources"].values():
        yield {"tricks": _tricks(source)}


def main() -> None:
    """Read the job from standard input. The first line says that the process is up."""
    job = json.load(sys.stdin.buffer)
    _limit(job["cpu_seconds"])
    _report({})
    for line in reports(job):
        _report(line)


def _report(line: dict[str, Any]) -> None:
    # A date or a time in the answers is no answer to anything, so its text will do.
    print(json.dumps(line, default=str), flush=True)


if __name__ == "__main__":
    main()
