# Problems 3, 5 and 6
from dataclasses import dataclass

import torch
from torch import nn

from charlm.attention import MultiHeadAttention


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
        x = self.expand(x)
        x = nn.ReLU()(x)
        x = self.contract(x)
        return x


class Block(nn.Module):
    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x):
        residual = x
        x = self.attention_norm(x)
        x = self.attention(x)
        x = residual + x

        residual = x
        x = self.feed_forward_norm(x)
        x = self.feed_forward(x)
        x = residual + x
        return x


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
        B, T = tokens.shape
        token_part = self.token_embedding(tokens)
        positions = torch.zeros(B, T, dtype=torch.long, device=tokens.device)
        for t in range(T):
            positions[:, t] = t
        position_part = self.position_embedding(positions)
        x = token_part + position_part
        for i in range(len(self.blocks)):
            x = self.blocks[i](x)
        x = self.final_norm(x)
        logits = self.lm_head(x)
        return logits

    def generate(self, tokens, num_tokens, generator=None):
        mode_before = self.training
        self.eval()
        text = tokens.clone()
        for i in range(num_tokens):
            # the model can only look at ctx_size tokens
            if text.shape[1] > self.config.ctx_size:
                window = text[:, text.shape[1] - self.config.ctx_size :]
            else:
                window = text
            with torch.no_grad():
                logits = self.forward(window)
            last = logits[:, -1, :]
            probs = torch.softmax(last, dim=1)
            next_token = torch.multinomial(probs, 1, generator=generator)
            text = torch.cat((text, next_token), dim=1)
        if mode_before:
            self.train()
        return text
