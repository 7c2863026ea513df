# -*- coding: utf-8 -*-
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
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
    steps: list = field(default_factory=list)
    train_loss: list = field(default_factory=list)
    test_loss: list = field(default_factory=list)


def loss_fn(logits, y):
    return F.nll_loss(F.log_softmax(logits, dim=2).view(-1, logits.size(2)), y.view(-1))


def estimate_loss(model, tokens, config, device):
    training = model.training
    model.eval()
    losses = []
    with torch.no_grad():
        for _ in range(config.eval_batches):
            x, y = get_batch(tokens, config.batch_size, config.ctx_size, device)
            losses.append(loss_fn(model(x), y).item())
    model.train(training)
    return float(np.mean(losses))


def train(model, train_tokens, test_tokens, config, device):
    history = History()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)

    def record(step):
        history.steps.append(step)
        history.train_loss.append(estimate_loss(model, train_tokens, config, device))
        history.test_loss.append(estimate_loss(model, test_tokens, config, device))

    record(0)
    model.train()
    for step in tqdm(range(1, config.num_steps + 1), disable=None):
        x, y = get_batch(train_tokens, config.batch_size, config.ctx_size, device)
        loss = loss_fn(model(x), y)
        for p in model.parameters():
            p.grad = None
        loss.backward()
        optimizer.step()
        if step % config.eval_interval == 0 or step == config.num_steps:
            record(step)
    return history
