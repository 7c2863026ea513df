"""Describes an exception of student code in plain words, without trusting anything about it."""

from __future__ import annotations

import linecache
import os
import traceback
from types import TracebackType
from typing import Any

LONGEST_MESSAGE = 500
LONGEST_PLACE = 200


def describe(error: BaseException, folder: str) -> dict[str, Any]:
    """The exception's class names, its message, and the last line inside `folder` that it passed through."""
    place = _place(error, folder)
    traceback.clear_frames(error.__traceback__)  # frees what the failed call held, before anything is allocated
    names = [kind.__name__[:LONGEST_PLACE] for kind in type(error).__mro__[:20]]
    return {"types": names, "message": _message(error)[:LONGEST_MESSAGE], "where": place[:LONGEST_PLACE]}


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError):
            return str(error.msg)
        return str.__str__(str(error))
    except BaseException as second:
        return f"(its message cannot be shown: {type(second).__name__})"


def _place(error: BaseException, folder: str) -> str:
    if isinstance(error, SyntaxError) and str(error.filename).startswith(folder + os.sep):
        return f"{os.path.basename(str(error.filename))}, line {error.lineno}"
    last = ""
    tb: TracebackType | None = error.__traceback__
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        if name.startswith(folder + os.sep):
            source = linecache.getline(name, tb.tb_lineno).strip()
            last = f"{os.path.basename(name)}, line {tb.tb_lineno}: {source}"
        tb = tb.tb_next
    return last
