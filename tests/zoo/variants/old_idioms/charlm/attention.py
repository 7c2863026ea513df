# -*- coding: utf-8 -*-
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def attention_scores(q, k):
    return torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.size(2))


def causal_mask(scores, tril):
    t = scores.size(1)
    mask = tril.narrow(0, 0, t).narrow(1, 0, t).eq(0).unsqueeze(0).expand_as(scores)
    return scores.clone().masked_fill_(mask, -1e9)


def attention_probs(scores, dim=-1):
    return F.softmax(scores, dim=dim)


class Head(nn.Module):
    def __init__(self, embed_size, head_size, ctx_size, softmax_dim=-1):
        super(Head, self).__init__()
        self.query = nn.Linear(embed_size, head_size, bias=False)
        self.key = nn.Linear(embed_size, head_size, bias=False)
        self.value = nn.Linear(embed_size, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(ctx_size, ctx_size)))
        self.softmax_dim = softmax_dim

    def forward(self, x):
        att = causal_mask(attention_scores(self.query(x), self.key(x)), self.tril)
        return torch.bmm(attention_probs(att, self.softmax_dim), self.value(x))


class MultiHeadAttention(nn.Module):
    def __init__(self, embed_size, num_heads, ctx_size, softmax_dim=-1):
        super(MultiHeadAttention, self).__init__()
        assert embed_size % num_heads == 0
        self.heads = nn.ModuleList(
            [Head(embed_size, embed_size // num_heads, ctx_size, softmax_dim) for _ in range(num_heads)]
        )
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x):
        b, t, c = x.size()
        h = len(self.heads)
        w = torch.cat([p.weight for name in ("query", "key", "value") for p in [getattr(m, name) for m in self.heads]])
        q, k, v = F.linear(x, w).split(c, dim=2)
        q, k, v = [z.view(b, t, h, c // h).transpose(1, 2).contiguous().view(b * h, t, c // h) for z in (q, k, v)]
        att = causal_mask(attention_scores(q, k), self.heads[0].tril)
        y = torch.bmm(attention_probs(att, self.heads[0].softmax_dim), v)
        return self.proj(y.view(b, h, t, c // h).transpose(1, 2).contiguous().view(b, t, c))
