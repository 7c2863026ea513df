"""Attention, in the notation of the paper: softmax(Q K^T / sqrt(d_k)) V."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def attention_scores(q, k):
    d_k = k.shape[2]
    return torch.bmm(q, k.permute(0, 2, 1)).div(math.sqrt(d_k))


def causal_mask(scores, tril):
    n = scores.shape[1]
    future = tril[0:n, 0:n].logical_not()
    return torch.masked_fill(scores, future, -math.inf)


def attention_probs(scores, dim=-1):
    return F.softmax(scores, dim)


class Head(nn.Module):
    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.query = nn.Linear(embed_size, head_size, bias=False)
        self.key = nn.Linear(embed_size, head_size, bias=False)
        self.value = nn.Linear(embed_size, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(ctx_size, ctx_size)))
        self.softmax_dim = softmax_dim

    def weights(self, x):
        masked = causal_mask(scores=attention_scores(self.query(x), self.key(x)), tril=self.tril)
        return attention_probs(masked, self.softmax_dim)

    def forward(self, x):
        return torch.matmul(self.weights(x), self.value(x))


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        head_size = embed_size // num_heads
        heads = [Head(embed_size, head_size, ctx_size, softmax_dim) for _ in range(num_heads)]
        self.heads = nn.ModuleList(heads)
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x):
        results = []
        for head in self.heads:
            results.append(head(x))
        return self.proj(torch.cat(results, 2))
