"""What of a submission is an object that is asked further questions, so that a plain value there is its mistake."""

from __future__ import annotations

from typing import Any

import torch

from support.failures import SubmissionError

MAKES_OBJECTS = frozenset(
    (
        *("attention.Head", "attention.MultiHeadAttention"),
        *("model.ModelConfig", "model.FeedForward", "model.Block", "model.TransformerLM"),
        *("training.TrainConfig", "probes.bigram", "probes.generator"),
    )
)
IS_OBJECT = frozenset(("attention", "eval", "generate", "train"))
_PLAIN = (type(None), bool, int, float, str, list, tuple, dict, torch.Tensor, torch.dtype, torch.device)


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
