from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .data import get_batch
from .model import only_evaluating


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

    def add(self, step: int, train: float, test: float) -> None:
        self.steps.append(step)
        self.train_loss.append(train)
        self.test_loss.append(test)


def loss_fn(logits: Tensor, y: Tensor) -> Tensor:
    return nn.NLLLoss()(logits.log_softmax(dim=-1).flatten(end_dim=1), y.flatten())


@dataclass
class Trainer:
    model: nn.Module
    config: TrainConfig
    device: torch.device | str

    def loss(self, tokens: Tensor) -> Tensor:
        X, y = get_batch(tokens, self.config.batch_size, self.config.ctx_size, self.device)
        return loss_fn(self.model(X), y)

    def estimate(self, tokens: Tensor) -> float:
        with only_evaluating(self.model):
            return fmean(float(self.loss(tokens)) for _ in range(self.config.eval_batches))

    def update(self, tokens: Tensor, optimizer: torch.optim.Optimizer) -> None:
        self.model.zero_grad()
        self.loss(tokens).backward()
        optimizer.step()


def estimate_loss(model: nn.Module, tokens: Tensor, config: TrainConfig, device: torch.device | str) -> float:
    return Trainer(model, config, device).estimate(tokens)


def train(model, train_tokens, test_tokens, config, device) -> History:
    trainer, history = Trainer(model, config, device), History()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate)
    measured = {*range(0, config.num_steps, config.eval_interval), config.num_steps}
    with tqdm(total=config.num_steps, disable=None) as bar:
        for step in range(config.num_steps + 1):
            if step:
                trainer.update(train_tokens, optimizer)
                bar.update()
            if step in measured:
                history.add(step, trainer.estimate(train_tokens), trainer.estimate(test_tokens))
                bar.set_postfix_str(f"{history.train_loss[-1]:.2f} {history.test_loss[-1]:.2f}")
    return history
