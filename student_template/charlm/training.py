"""Teaching the model: a loss, an estimate of it that does not jump about, and the training loop."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from .data import get_batch


@dataclass
class TrainConfig:
    """How to train. `ctx_size` is at most the model's."""

    batch_size: int
    ctx_size: int
    num_steps: int
    learning_rate: float
    eval_interval: int
    eval_batches: int


@dataclass
class History:
    """A training curve: after `steps[i]` updates the losses were `train_loss[i]` and `test_loss[i]`."""

    steps: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)


def loss_fn(logits: Tensor, y: Tensor) -> Tensor:
    """Return the cross-entropy (natural logarithm), averaged over all B * T positions, as a scalar tensor.

    logits: [B, T, V], which may lie hundreds apart. y: int64 [B, T], the characters that really came next.
    Returns: shape [], through which a gradient flows back to `logits`.
    """
    raise NotImplementedError("problem 5: loss_fn")


def estimate_loss(model: nn.Module, tokens: Tensor, config: TrainConfig, device: torch.device | str) -> float:
    """Return the mean of `loss_fn` over `config.eval_batches` random batches of `tokens`, as a plain float.

    The batches come from `get_batch`, sized by `config`. No gradient is recorded, and the model is left in
    the mode (training or evaluation) that it was found in.

    model: already on `device`. tokens: int64 [n] on the CPU.
    """
    raise NotImplementedError("problem 2: estimate_loss")


def train(
    model: nn.Module,
    train_tokens: Tensor,
    test_tokens: Tensor,
    config: TrainConfig,
    device: torch.device | str,
) -> History:
    """Train `model` in place for `config.num_steps` updates, one random batch of `train_tokens` each.

    The optimizer is AdamW with `config.learning_rate`; all else about it is PyTorch's default. The test
    tokens are never trained on. The model is on `device` already and the tokens stay on the CPU: only
    batches are moved. Randomness comes from torch's global generator.

    The history holds the estimated losses on both texts before the first update (step 0), after every
    `config.eval_interval` updates, and after the last one; no step twice. A progress bar with the latest
    losses is shown, except where the output is not a terminal.

    train_tokens, test_tokens: int64 [n] on the CPU.
    Returns: History of plain ints and floats.
    """
    raise NotImplementedError("problem 2: train")
