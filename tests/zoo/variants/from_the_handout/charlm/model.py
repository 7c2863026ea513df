"""The model and its sampling loop."""

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
    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.expand = nn.Linear(embed_size, 4 * embed_size)
        self.contract = nn.Linear(4 * embed_size, embed_size)

    def forward(self, x):
        return self.contract(F.relu(self.expand(x)))


class Block(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x):
        y = self.attention_norm(x)
        y = self.attention(y)
        x = torch.add(x, y)
        y = self.feed_forward_norm(x)
        y = self.feed_forward(y)
        return torch.add(x, y)


class TransformerLM(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.embed_size)
        self.position_embedding = nn.Embedding(config.ctx_size, config.embed_size)
        self.blocks = nn.ModuleList()
        for _ in range(config.num_blocks):
            self.blocks.append(Block(config.embed_size, config.num_heads, config.ctx_size, config.softmax_dim))
        self.final_norm = nn.LayerNorm(config.embed_size)
        self.lm_head = nn.Linear(config.embed_size, config.vocab_size)

    def forward(self, tokens):
        _, T = tokens.shape
        where = torch.arange(0, T, dtype=torch.long, device=tokens.device)
        h = self.token_embedding(tokens) + self.position_embedding(where)[None]
        for i in range(len(self.blocks)):
            h = self.blocks[i](h)
        h = self.final_norm(h)
        return self.lm_head(h)

    @torch.no_grad()
    def generate(self, tokens, num_tokens, generator=None):
        written = [tokens]
        for _ in range(num_tokens):
            so_far = torch.cat(written, dim=1)
            if so_far.shape[1] > self.config.ctx_size:
                so_far = so_far[:, so_far.shape[1] - self.config.ctx_size :]
            last = self(so_far)[:, so_far.shape[1] - 1, :]
            p = F.softmax(last, dim=1)
            written.append(torch.multinomial(p, 1, generator=generator))
        return torch.cat(written, dim=1)
