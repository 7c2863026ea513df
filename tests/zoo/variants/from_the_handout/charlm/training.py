"""Loss, its estimate, and the loop."""

from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.optim as optim
from tqdm import trange

from .data import get_batch


@dataclass
class TrainConfig:
    batch_size: int
    ctx_size: int
    num_steps: int
    learning_rate: float
    eval_interval: int
    eval_batches: int


@dataclass
class History:
    steps: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)


def loss_fn(logits, y):
    criterion = nn.CrossEntropyLoss()
    return criterion(logits.flatten(0, 1), y.flatten())


@torch.no_grad()
def estimate_loss(model, tokens, config, device):
    mode = model.training
    model.eval()
    losses = []
    for _ in range(config.eval_batches):
        inputs, targets = get_batch(tokens, config.batch_size, config.ctx_size, device)
        losses.append(float(loss_fn(model(inputs), targets)))
    if mode:
        model.train()
    return sum(losses) / len(losses)


def train(model, train_tokens, test_tokens, config, device):
    opt = optim.AdamW(params=model.parameters(), lr=config.learning_rate)
    history = History()

    def record(step):
        history.steps.append(step)
        history.train_loss.append(estimate_loss(model, train_tokens, config, device))
        history.test_loss.append(estimate_loss(model, test_tokens, config, device))

    record(0)
    for step in trange(1, config.num_steps + 1, disable=None):
        model.train()
        inputs, targets = get_batch(train_tokens, config.batch_size, config.ctx_size, device)
        opt.zero_grad(set_to_none=True)
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        opt.step()
        if step % config.eval_interval == 0 and step != config.num_steps:
            record(step)
    if config.num_steps > 0:
        record(config.num_steps)
    return history
