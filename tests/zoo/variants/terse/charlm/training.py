from dataclasses import dataclass, field

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

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
    return cross_entropy(logits.mT, y)


def _loss(model, tokens, config, device):
    X, y = get_batch(tokens, config.batch_size, config.ctx_size, device)
    return loss_fn(model(X), y)


@torch.no_grad()
def estimate_loss(model, tokens, config, device):
    return sum(_loss(model, tokens, config, device).item() for _ in range(config.eval_batches)) / config.eval_batches


def train(model, train_tokens, test_tokens, config, device):
    optimizer, history = torch.optim.AdamW(model.parameters(), config.learning_rate), History()
    for step in tqdm(range(config.num_steps + 1), disable=None):
        if not step % config.eval_interval or step == config.num_steps:
            history.steps += [step]
            history.train_loss += [estimate_loss(model, train_tokens, config, device)]
            history.test_loss += [estimate_loss(model, test_tokens, config, device)]
        if step < config.num_steps:
            optimizer.zero_grad()
            _loss(model, train_tokens, config, device).backward()
            optimizer.step()
    return history
