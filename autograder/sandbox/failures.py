"""Describes an exception of student code in plain words, without trusting anything about it."""

from __future__ import annotations

import builtins
import linecache
import os
import traceback
from types import TracebackType
from typing import Any

from support.interface import NotThere

REPLACED = "Replaced"  # what no exception of a submission's can be called in a description
LONGEST_MESSAGE = 500
LONGEST_PLACE = 200
# A metaclass may say anything about its classes, so it is not asked.
_mro, _name, _vars = (type.__dict__[name].__get__ for name in ("__mro__", "__name__", "__dict__"))
_qualname = type.__dict__["__qualname__"].__get__
_KNOWN = {name: value for name, value in vars(builtins).items() if isinstance(value, type)}
_KNOWN |= {REPLACED: type(None), "NotThere": NotThere}


def describe(error: BaseException, folder: str) -> dict[str, Any]:
    """The exception's class names, its message, and the last line inside `folder` that it passed through."""
    place = _place(error, folder)
    traceback.clear_frames(error.__traceback__)  # frees what the failed call held, before anything is allocated
    names = [name_of(kind)[:LONGEST_PLACE] for kind in _mro(type(error))[:20]]
    return {"types": names, "message": _message(error)[:LONGEST_MESSAGE], "where": place[:LONGEST_PLACE]}


def replaced(name: str) -> dict[str, Any]:
    """The same for a submission that replaced what is called `name`."""
    return {"types": [REPLACED, "Exception"], "message": reason(name)[:LONGEST_MESSAGE], "where": ""}


def reason(name: str) -> str:
    """What is wrong with replacing what is called `name`."""
    return f"your code replaces {name}, which grading relies on; define something of your own instead"


def type_name(value: object) -> str:
    """The name of the value's class, with its module."""
    kind = type(value)
    module = _vars(kind).get("__module__", "builtins")
    return f"{str.__str__(module) if isinstance(module, str) else 'charlm'}.{_qualname(kind)}"


def name_of(kind: type) -> str:
    """The class's name; with its module where it is no class of Python's own and yet has the name of one."""
    name: str = _name(kind)
    known = _KNOWN.get(name, kind)
    return name if known is kind else f"{_module(kind)}.{name}"


def _module(kind: type) -> str:
    found = _vars(kind).get("__module__")
    return str.__str__(found) if isinstance(found, str) and found not in ("builtins", "") else "charlm"


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
