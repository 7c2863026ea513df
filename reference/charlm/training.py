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
    # solution: problem 5: loss_fn
    B, T, V = logits.shape
    return F.cross_entropy(logits.reshape(B * T, V), y.reshape(B * T))  # []
    # end solution


def estimate_loss(model: nn.Module, tokens: Tensor, config: TrainConfig, device: torch.device | str) -> float:
    """Return the mean of `loss_fn` over `config.eval_batches` random batches of `tokens`, as a plain float.

    The batches come from `get_batch`, sized by `config`. No gradient is recorded, and the model is left in
    the mode (training or evaluation) that it was found in.

    model: already on `device`. tokens: int64 [n] on the CPU.
    """
    # solution: problem 2: estimate_loss
    was_training = model.training
    model.eval()
    total = 0.0
    with torch.no_grad():
        for _ in range(config.eval_batches):
            X, y = get_batch(tokens, config.batch_size, config.ctx_size, device)  # [B, T], [B, T]
            total += loss_fn(model(X), y).item()
    model.train(was_training)
    return total / config.eval_batches
    # end solution


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
    # solution: problem 2: train
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)
    history = History()
    model.train()
    progress = tqdm(range(config.num_steps + 1), desc="training", unit="step", disable=None)
    for step in progress:
        if step > 0:
            X, y = get_batch(train_tokens, config.batch_size, config.ctx_size, device)  # [B, T], [B, T]
            loss = loss_fn(model(X), y)  # []
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if step % config.eval_interval == 0 or step == config.num_steps:
            history.steps.append(step)
            history.train_loss.append(estimate_loss(model, train_tokens, config, device))
            history.test_loss.append(estimate_loss(model, test_tokens, config, device))
            progress.set_postfix(train=f"{history.train_loss[-1]:.3f}", test=f"{history.test_loss[-1]:.3f}")
    return history
    # end solution
