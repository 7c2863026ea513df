"""Stand-ins for the parts below a composition.

Each has the signature of the part that it replaces and a simple formula of its own, *not* the part's: a check
of the composition computes what must come out with the same stand-in. `probes.install_doubles` puts them in.
The modules do half as much for another `softmax_dim` than -1, so that it shows whether they were given it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    """[B, T, H], [B, T, H] -> [B, T, T]; tells query from key and each position from the others."""
    return q.sum(-1).unsqueeze(2) - 2 * k.sum(-1).unsqueeze(1)


def causal_mask(scores: Tensor, tril: Tensor) -> Tensor:
    """[B, T, T] -> [B, T, T]; keeps what lies on and below the diagonal of `tril`, adds 3 above it."""
    size = scores.shape[-1]
    return scores + 3 * (1 - tril[:size, :size].to(scores.dtype))  # and on whatever device it is


def attention_probs(scores: Tensor, dim: int = -1) -> Tensor:
    """[B, T, T] -> [B, T, T]; divides by the largest magnitude along `dim`, plus 1."""
    return scores / (1 + scores.abs().amax(dim, keepdim=True))


class Head(nn.Module):
    """[B, T, E] -> [B, T, H]: a plain linear map by `value`, so that each head has its own result."""

    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.query = nn.Linear(embed_size, head_size, bias=False)
        self.key = nn.Linear(embed_size, head_size, bias=False)
        self.value = nn.Linear(embed_size, head_size, bias=False)
        self.register_buffer("tril", torch.ones(ctx_size, ctx_size))
        self.factor = _factor(softmax_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.value(x) * 0.5 * self.factor + 1.0  # type: ignore[no-any-return]


class MultiHeadAttention(nn.Module):
    """[B, T, E] -> [B, T, E]: the running sum over positions, so that it is causal but no attention."""

    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.factor = _factor(softmax_dim)

    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(1) * self.factor


class FeedForward(nn.Module):
    """[B, T, E] -> [B, T, E]: x squared, less 1."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x.square() - 1


class Block(nn.Module):
    """[B, T, E] -> [B, T, E]: x plus half of the running sum over positions of weight * x + bias.

    These two are those of `attention_norm`, 1 and 0 unless they are set; so blocks can be told apart. With another
    `softmax_dim` than -1 it is a quarter of the sum from each position to the last one, so that the future counts.
    """

    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.softmax_dim = softmax_dim

    def forward(self, x: Tensor) -> Tensor:
        added = x * self.attention_norm.weight + self.attention_norm.bias
        summed = added.cumsum(1) if self.softmax_dim == -1 else added.flip(1).cumsum(1).flip(1)
        return x + 0.5 * _factor(self.softmax_dim) * summed


def _factor(softmax_dim: int) -> float:
    return 1.0 if softmax_dim == -1 else 0.5
