import torch
from torch import nn


def attention_scores(q, k):
    return q @ k.mT / q.shape[-1] ** 0.5


def causal_mask(scores, tril):
    T = scores.shape[-1]
    return scores.masked_fill(~tril[:T, :T].bool(), -torch.inf)


def attention_probs(scores, dim=-1):
    return torch.softmax(scores, dim)


class Head(nn.Module):
    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(embed_size, head_size, bias=False) for _ in range(3))
        self.register_buffer("tril", torch.ones(ctx_size, ctx_size).tril())
        self.softmax_dim = softmax_dim

    def forward(self, x):
        scores = causal_mask(attention_scores(self.query(x), self.key(x)), self.tril)
        return attention_probs(scores, self.softmax_dim) @ self.value(x)


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        sizes = embed_size, embed_size // num_heads, ctx_size, softmax_dim
        self.heads = nn.ModuleList(Head(*sizes) for _ in range(num_heads))
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x):
        return self.proj(torch.cat([head(x) for head in self.heads], -1))
