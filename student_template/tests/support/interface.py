"""What of a submission is an object that is asked further questions, so that a plain value there is its mistake."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from support.failures import SubmissionError
from support.parts import lacking

MAKES_OBJECTS = frozenset(
    (
        *("attention.Head", "attention.MultiHeadAttention"),
        *("model.ModelConfig", "model.FeedForward", "model.Block", "model.TransformerLM"),
        *("training.TrainConfig", "probes.bigram", "probes.generator"),
    )
)
IS_OBJECT = frozenset(("attention", "eval", "generate", "train"))
_PLAIN = (type(None), bool, int, float, str, list, tuple, dict, torch.Tensor, torch.dtype, torch.device)


class NotThere(AttributeError):
    """The template has something under this name, and the submission has nothing."""


def named(owner: object, name: str) -> Any:
    """What `owner` has as its attribute `name`. Raises NotThere when there is nothing of that name."""
    try:
        return getattr(owner, name)
    except AttributeError as error:
        if any(Path(frame.filename).parent.name == "charlm" for frame in traceback.extract_tb(error.__traceback__)):
            raise  # in a property of the student's
        raise NotThere(_lack(owner, name)) from None


def _lack(owner: object, name: str) -> str:
    if isinstance(owner, ModuleType):
        return lacking(owner.__name__.rpartition(".")[2], name)
    return f"{type(owner).__name__} has no attribute named {name!r}"


def made_by(path: str, value: Any) -> Any:
    """`value`, which a call of `path` gave. Raises SubmissionError for a plain one where an object must be."""
    if path in MAKES_OBJECTS and isinstance(value, _PLAIN):
        raise SubmissionError(["TypeError"], f"{path}(...) gives a {type(value).__name__}, not an object of that class")
    return value


def found_as(name: str, value: Any) -> Any:
    """`value`, which an object has as its attribute `name`. Raises SubmissionError as `made_by` does."""
    if name in IS_OBJECT and isinstance(value, _PLAIN):
        raise SubmissionError(["TypeError"], f"`{name}` is a {type(value).__name__}, which cannot be called")
    return value
