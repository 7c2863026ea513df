"""A short training beside the student's code, and what the model says afterwards.

Like every probe these report what they saw and judge nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

ROWS_AT_ONCE = 512
_ACCELERATED = bool(torch.version.cuda or torch.backends.mps.is_built())


def seed_torch(value: int) -> None:
    """Put torch's global generators into the state that `value` gives."""
    if _ACCELERATED:
        torch.manual_seed(value)
    else:  # it would take ten times as long, to say the same to accelerators that this PyTorch knows nothing of
        torch.default_generator.manual_seed(value)


def train_short(
    train: Callable[..., Any],
    model: nn.Module,
    train_tokens: Tensor,
    test_tokens: Tensor,
    config: Any,
    device: str,
) -> Any:
    """Move `model` to `device` and return what `train` returns.

    train_tokens, test_tokens: [n] of any integer dtype, so that a long text can be sent in two bytes a character.
    """
    model.to(device)
    return train(model, train_tokens.long(), test_tokens.long(), config, device)


def logits_on(model: nn.Module, windows: Tensor, device: str) -> Tensor:
    """The scores of the model, moved to `device`, on `windows` [N, T] of any integer dtype.

    Returns float32 [N, T, V] on the CPU, no gradient.
    """
    model.to(device).eval()
    with torch.no_grad():
        starts = range(0, len(windows), ROWS_AT_ONCE)
        parts = [model(windows[start : start + ROWS_AT_ONCE].long().to(device)) for start in starts]
    return torch.cat(parts).float().cpu()
