from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from . import attention


@dataclass
class ModelConfig:
    vocab_size: int
    ctx_size: int
    embed_size: int
    num_heads: int
    num_blocks: int
    softmax_dim: int = -1


class FeedForward(nn.Module):
    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.expand = nn.Linear(embed_size, 4 * embed_size)
        self.bend = nn.ReLU()
        self.contract = nn.Linear(4 * embed_size, embed_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.contract(self.bend(self.expand(x)))


class Block(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = attention.MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x: Tensor) -> Tensor:
        for norm, layer in ((self.attention_norm, self.attention), (self.feed_forward_norm, self.feed_forward)):
            x = torch.add(x, layer(norm(x)))
        return x


@contextmanager
def only_evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients in here; each module's own mode comes back afterwards."""
    modes = {module: module.training for module in model.modules()}
    try:
        with torch.no_grad():
            model.eval()
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


class TransformerLM(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.embed_size)
        self.position_embedding = nn.Embedding(config.ctx_size, config.embed_size)
        sizes = (config.embed_size, config.num_heads, config.ctx_size, config.softmax_dim)
        self.blocks = nn.ModuleList([Block(*sizes) for _ in range(config.num_blocks)])
        self.final_norm = nn.LayerNorm(config.embed_size)
        self.lm_head = nn.Linear(config.embed_size, config.vocab_size)

    def embed(self, tokens: Tensor) -> Tensor:
        places = torch.ones_like(tokens).cumsum(dim=1) - 1
        return self.token_embedding(tokens) + self.position_embedding(places)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.final_norm(x))

    def generate(self, tokens: Tensor, num_tokens: int, generator: torch.Generator | None = None) -> Tensor:
        columns = list(tokens.unbind(dim=1))
        with only_evaluating(self):
            for _ in range(num_tokens):
                logits = self(torch.stack(columns[-self.config.ctx_size :], dim=1)).select(1, -1)
                columns.append(torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(1))
        return torch.stack(columns, dim=1)
