"""What the snippets share: numbers, a model, batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Snippet = Callable[[Any], Any]


def numbers(d: Any, *shape: int) -> Tensor:
    """The same numbers on every device, different at each call."""
    return torch.randn(*shape).to(d)


def mask(d: Any) -> Tensor:
    return torch.tril(torch.ones(4, 4, device=d))


class Model(nn.Module):
    """One head, and the two mistakes that students make with its tensors."""

    def __init__(self, positions_on_device: bool = True, registered: bool = True) -> None:
        super().__init__()
        self.positions_on_device = positions_on_device
        self.embedding = nn.Embedding(11, 8)
        self.position = nn.Embedding(6, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24, bias=False)
        self.head = nn.Linear(8, 11)
        tril = torch.tril(torch.ones(6, 6))
        if registered:
            self.register_buffer("tril", tril, persistent=False)
        else:
            self.tril = tril

    def forward(self, tokens: Tensor) -> Tensor:
        T = tokens.shape[1]
        positions = torch.arange(T, device=tokens.device) if self.positions_on_device else torch.arange(T)
        x = self.embedding(tokens) + self.position(positions)
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) * 8**-0.5
        scores = scores.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        return self.head(x + scores.softmax(-1) @ v)


def data() -> Tensor:
    return torch.randint(11, (200,))


def batch_by_stacking(d: Any) -> tuple[Tensor, Tensor]:
    tokens, starts = data(), torch.randint(193, (5,))
    return torch.stack([tokens[i : i + 6] for i in starts]).to(d), torch.stack(
        [tokens[i + 1 : i + 7] for i in starts]
    ).to(d)


def attention(d: Any, **options: Any) -> list[Tensor]:
    q, k, v = (numbers(d, 2, 3, 4, 8).requires_grad_() for _ in range(3))
    out = F.scaled_dot_product_attention(q, k, v, **options)
    out.square().sum().backward()
    return [out, q.grad, k.grad, v.grad]
