# -*- coding: utf-8 -*-
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import MultiHeadAttention


@dataclass
class ModelConfig:
    vocab_size: int
    ctx_size: int
    embed_size: int
    num_heads: int
    num_blocks: int
    softmax_dim: int = -1


class FeedForward(nn.Module):
    def __init__(self, embed_size):
        super(FeedForward, self).__init__()
        self.expand = nn.Linear(embed_size, 4 * embed_size)
        self.contract = nn.Linear(4 * embed_size, embed_size)

    def forward(self, x):
        return self.contract(F.relu(self.expand(x)))


class Block(nn.Module):
    def __init__(self, embed_size, num_heads, ctx_size, softmax_dim=-1):
        super(Block, self).__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x


class TransformerLM(nn.Module):
    def __init__(self, config):
        super(TransformerLM, self).__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.embed_size)
        self.position_embedding = nn.Embedding(config.ctx_size, config.embed_size)
        self.blocks = nn.ModuleList(
            [
                Block(config.embed_size, config.num_heads, config.ctx_size, config.softmax_dim)
                for _ in range(config.num_blocks)
            ]
        )
        self.final_norm = nn.LayerNorm(config.embed_size)
        self.lm_head = nn.Linear(config.embed_size, config.vocab_size)

    def forward(self, idx):
        b, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long).to(idx.device).unsqueeze(0).expand(b, t)
        x = self.token_embedding(idx) + self.position_embedding(pos)
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.final_norm(x))

    @torch.no_grad()
    def generate(self, idx, num_tokens, generator=None):
        for _ in range(num_tokens):
            idx_cond = idx if idx.size(1) <= self.config.ctx_size else idx[:, -self.config.ctx_size :]
            logits = self(idx_cond)[:, -1, :]
            probs = F.softmax(logits, dim=-1)
            idx_next = torch.multinomial(probs, num_samples=1, generator=generator)
            idx = torch.cat((idx, idx_next), dim=1)
        return idx
