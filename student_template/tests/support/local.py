"""A submission that is imported into this very process: what plain `pytest` on a laptop uses.

The handles behave like those of the grader, whose submission runs in another process: plain values and tensors
come back as they are, everything else behind a handle, and an exception of the student's code as SubmissionError.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from support.failures import Missing, SubmissionError
from support.interface import NotThere, found_as, made_by, named

MODULES = ("tokenizer", "data", "attention", "model", "training")
_PLAIN = (type(None), bool, int, float, str, torch.Tensor, torch.dtype)


class LocalSubmission:
    """`charlm` of the current folder. Attributes: one per module of the assignment, and `probes`."""

    def __getattr__(self, name: str) -> LocalHandle:
        if name not in (*MODULES, "probes"):
            raise AttributeError(name)
        module = f"charlm.{name}" if name in MODULES else f"support.{name}"
        handle = LocalHandle(_guard(lambda: importlib.import_module(module)), name)
        setattr(self, name, handle)
        return handle


class LocalHandle:
    """A function, class or object of the student's, called with its errors translated."""

    def __init__(self, target: object, path: str = "") -> None:
        self._target, self._path = target, path

    def __getattr__(self, name: str) -> Any:
        value = _guard(lambda: named(self._target, name))
        if isinstance(self._target, ModuleType):
            return LocalHandle(value, f"{self._path}.{name}")
        return found_as(name, _wrap(value))

    def __call__(self, *args: object, **kwargs: object) -> Any:
        plain = [_unwrap(value) for value in args]
        named = {key: _unwrap(value) for key, value in kwargs.items()}
        return made_by(self._path, _wrap(_guard(lambda: self._target(*plain, **named))))  # type: ignore[operator]


def _wrap(value: object) -> Any:
    return value if _is_plain(value) else LocalHandle(value)


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)


def _unwrap(value: object) -> Any:
    if isinstance(value, LocalHandle):
        return value._target
    if isinstance(value, (list, tuple)):
        return type(value)(map(_unwrap, value))
    if isinstance(value, dict):
        return {key: _unwrap(item) for key, item in value.items()}
    return value


def _guard(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except NotThere as error:
        raise Missing([type(error).__name__], str(error)) from error
    except (Exception, SystemExit) as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        raise SubmissionError(names, str(error), _where(error)) from error


def _where(error: BaseException) -> str:
    """The last line inside `charlm` that the error passed through."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '').name}, line {error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent.name == "charlm":
            return f"{Path(frame.filename).name}, line {frame.lineno}: {frame.line}"
    return ""
