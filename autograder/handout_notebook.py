"""The handout's notebook, put together from reference/notebook.py and the sections of the handout's README."""

from __future__ import annotations

import json
import re
from typing import Any

_CELL = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_SHELL = re.compile(r"^# (?=[!%])", re.MULTILINE)
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookError(Exception):
    """The notebook's source names what is not there; the message says what."""


def notebook(script: str, readme: str) -> str:
    """The JSON of the notebook that `script` describes, as reference/notebook.py explains.

    Raises NotebookError when it names a section that `readme` does not have, or a kind of cell that does not exist.
    """
    parts = _CELL.split(script)[1:]
    cells = [_cell(*cell, readme) for cell in zip(parts[::2], parts[1::2], strict=True)]
    numbered = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells, start=1)]
    document = {"cells": numbered, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(header: str, body: str, readme: str) -> dict[str, Any]:
    kind, _, name = header.strip().partition(": ")
    body = body.strip("\n")
    if kind == "readme":
        return _markdown(_section(readme, name))
    if kind == "markdown":
        return _markdown(re.sub(r"^# ?", "", body, flags=re.MULTILINE))
    if kind not in ("", "tags"):
        raise NotebookError(f"the notebook has a cell of no known kind: {header.strip()!r}")
    lines = _SHELL.sub("", body).splitlines(keepends=True)
    metadata = {"tags": name.split()} if kind else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": lines}


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _section(readme: str, name: str) -> str:
    """The part of the text below the heading that is `name` or begins with it, up to the next heading."""
    headings = [*_HEADING.finditer(readme)]
    ends = [*(heading.start() for heading in headings[1:]), len(readme)]
    for heading, end in zip(headings, ends, strict=True):
        if f"{heading[1]} ".startswith(f"{name} "):
            return readme[heading.start() : end].strip("\n")
    raise NotebookError(f"the notebook wants a section of the handout's README that is not there: {name!r}")
