from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn


class Score(nn.Module):
    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        return torch.einsum("b i h, b j h -> b i j", q, k).mul(q.size(-1) ** -0.5)


class Hide(nn.Module):
    def forward(self, scores: Tensor, tril: Tensor) -> Tensor:
        seen = tril[: scores.size(-2), : scores.size(-1)].ne(0).expand_as(scores)
        return torch.where(seen, scores, torch.full_like(scores, torch.finfo(scores.dtype).min))


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    return Score()(q, k)


def causal_mask(scores: Tensor, tril: Tensor) -> Tensor:
    return Hide()(scores, tril)


def attention_probs(scores: Tensor, dim: int = -1) -> Tensor:
    return torch.exp(scores - scores.logsumexp(dim=dim, keepdim=True))


class Head(nn.Module):
    tril: Tensor

    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        linear = partial(nn.Linear, embed_size, head_size, bias=False)
        self.query, self.key, self.value = linear(), linear(), linear()
        self.register_buffer("tril", torch.ones(ctx_size, ctx_size, dtype=torch.bool).tril(), persistent=False)
        self.softmax_dim = softmax_dim

    def probabilities(self, x: Tensor) -> Tensor:
        return attention_probs(causal_mask(attention_scores(self.query(x), self.key(x)), self.tril), self.softmax_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.probabilities(x).bmm(self.value(x))


class SideBySide(nn.ModuleList):
    """Modules that all read the same input; their results stand beside each other."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(tuple(module(x) for module in self), dim=x.ndim - 1)


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        make = partial(Head, embed_size, embed_size // num_heads, ctx_size, softmax_dim)
        self.heads = SideBySide(make() for _ in range(num_heads))
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(self.heads(x))
