from dataclasses import dataclass

import torch
from torch import nn

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
        return self.contract(self.expand(x).relu())


class Block(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x):
        return (x := x + self.attention(self.attention_norm(x))) + self.feed_forward(self.feed_forward_norm(x))


class TransformerLM(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = c = config
        self.token_embedding = nn.Embedding(c.vocab_size, c.embed_size)
        self.position_embedding = nn.Embedding(c.ctx_size, c.embed_size)
        sizes = c.embed_size, c.num_heads, c.ctx_size, c.softmax_dim
        self.blocks = nn.Sequential(*(Block(*sizes) for _ in range(c.num_blocks)))
        self.final_norm = nn.LayerNorm(c.embed_size)
        self.lm_head = nn.Linear(c.embed_size, c.vocab_size)

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.position_embedding.weight[: tokens.shape[1]]
        return self.lm_head(self.final_norm(self.blocks(x)))

    @torch.inference_mode()
    def generate(self, tokens, num_tokens, generator=None):
        for _ in range(num_tokens):
            probs = self(tokens[:, -self.config.ctx_size :])[:, -1].softmax(-1)
            tokens = torch.hstack([tokens, probs.multinomial(1, generator=generator)])
        return tokens
