# Problems 6, 7, 8 and 9
import math

import torch
from torch import nn


def attention_scores(q, k):
    head_size = q.shape[2]
    k_transposed = torch.transpose(k, 1, 2)  # B x H x T
    scores = torch.matmul(q, k_transposed)  # B x T x T
    scores = scores * (1 / math.sqrt(head_size))
    return scores


def causal_mask(scores, tril):
    T = scores.shape[1]
    small_tril = tril[:T, :T]
    is_future = small_tril == 0
    masked = torch.clone(scores)
    for b in range(scores.shape[0]):
        masked[b][is_future] = -math.inf
    return masked


def attention_probs(scores, dim=-1):
    largest = torch.max(scores, dim=dim, keepdim=True)[0]
    exponentials = torch.exp(scores - largest)
    total = torch.sum(exponentials, dim=dim, keepdim=True)
    return exponentials / total


class Head(nn.Module):
    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.query = nn.Linear(embed_size, head_size, bias=False)
        self.key = nn.Linear(embed_size, head_size, bias=False)
        self.value = nn.Linear(embed_size, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(ctx_size, ctx_size)))
        self.softmax_dim = softmax_dim

    def forward(self, x):
        # 1. project
        q = self.query(x)
        k = self.key(x)
        v = self.value(x)
        # 2. and 3. compare and scale
        scores = attention_scores(q, k)
        # hide the future
        scores = causal_mask(scores, self.tril)
        # 4. probabilities
        probs = attention_probs(scores, self.softmax_dim)
        # 5. weigh
        result = torch.matmul(probs, v)
        return result


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        head_size = embed_size // num_heads
        heads = [Head(embed_size, head_size, ctx_size, softmax_dim) for _ in range(num_heads)]
        self.heads = nn.ModuleList(heads)
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x):
        out = self.heads[0](x)
        for i in range(1, len(self.heads)):
            out = torch.cat((out, self.heads[i](x)), dim=2)  # 6. concatenate
        out = self.proj(out)  # 7. project
        return out
