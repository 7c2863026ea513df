# Problems 2 and 5
from dataclasses import dataclass, field

import torch
from tqdm import tqdm

from charlm.data import get_batch


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
    B, T, V = logits.shape
    loss = torch.nn.functional.cross_entropy(logits.view(B * T, V), y.view(B * T))
    return loss


def estimate_loss(model, tokens, config, device):
    mode_before = model.training
    model.eval()
    losses = torch.zeros(config.eval_batches)
    with torch.no_grad():
        for i in range(config.eval_batches):
            X, y = get_batch(tokens, config.batch_size, config.ctx_size, device)
            logits = model(X)
            losses[i] = loss_fn(logits, y).item()
    if mode_before:
        model.train()
    return losses.mean().item()


def train(model, train_tokens, test_tokens, config, device):
    history = History()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)

    # before the first update
    history.steps.append(0)
    history.train_loss.append(estimate_loss(model, train_tokens, config, device))
    history.test_loss.append(estimate_loss(model, test_tokens, config, device))

    bar = tqdm(range(1, config.num_steps + 1), disable=None)
    for step in bar:
        model.train()
        X, y = get_batch(train_tokens, config.batch_size, config.ctx_size, device)
        logits = model(X)
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        if step % config.eval_interval == 0 or step == config.num_steps:
            train_loss = estimate_loss(model, train_tokens, config, device)
            test_loss = estimate_loss(model, test_tokens, config, device)
            history.steps.append(step)
            history.train_loss.append(train_loss)
            history.test_loss.append(test_loss)
            bar.set_postfix({"train": train_loss, "test": test_loss})

    return history
