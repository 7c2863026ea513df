"""In which line of a TOML file a key stands, for messages to whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[(?P<path>[^\[\]]+)\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<path>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, key: Sequence[object]) -> int | None:
    """The line, from 1, of the key with this path, or of the nearest table around it; None when neither is there."""
    wanted = [str(part) for part in key]
    best: tuple[int, int] | None = None  # how many parts of the path were found, and where
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _TABLE.match(line):
            path = table = _parts(found["path"])
        elif found := _KEY.match(line):
            path = [*table, *_parts(found["path"])]
        else:
            continue
        if path == wanted[: len(path)] and (best is None or len(path) > best[0]):
            best = len(path), number
    return best[1] if best else None


def _parts(path: str) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(path)]
