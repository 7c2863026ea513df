"""The transformer: embeddings, a stack of blocks, and a score for every character that may come next.

There is no dropout and no weight tying, and every layer keeps PyTorch's own initialisation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .attention import MultiHeadAttention


@dataclass
class ModelConfig:
    """The sizes of a model. `embed_size` is a multiple of `num_heads`."""

    vocab_size: int
    ctx_size: int
    embed_size: int
    num_heads: int
    num_blocks: int
    softmax_dim: int = -1


class FeedForward(nn.Module):
    """What each position computes for itself, after it has collected from the others."""

    def __init__(self, embed_size: int) -> None:
        super().__init__()
        self.expand = nn.Linear(embed_size, 4 * embed_size)
        self.contract = nn.Linear(4 * embed_size, embed_size)

    def forward(self, x: Tensor) -> Tensor:
        """Apply `expand`, then ReLU, then `contract`, to every position alike.

        x: [B, T, E].
        Returns: [B, T, E]; x is not changed.
        """
        raise NotImplementedError("problem 6: FeedForward.forward")


class Block(nn.Module):
    """One layer of the transformer: attention between the positions, then feed-forward at each of them."""

    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(embed_size)
        self.attention = MultiHeadAttention(embed_size, num_heads, ctx_size, softmax_dim)
        self.feed_forward_norm = nn.LayerNorm(embed_size)
        self.feed_forward = FeedForward(embed_size)

    def forward(self, x: Tensor) -> Tensor:
        """Add to x what `attention` makes of it, then add to that what `feed_forward` makes of it.

        The block is pre-norm: each of the two reads its input through its own LayerNorm, `attention_norm`
        and `feed_forward_norm`, while the two sums (the residual connections) take that input as it is.

        x: [B, T, E] with T <= ctx_size.
        Returns: [B, T, E]; x is not changed.
        """
        raise NotImplementedError("problem 6: Block.forward")


class TransformerLM(nn.Module):
    """A language model: for each position, a score for every character that could follow it."""

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

    def forward(self, tokens: Tensor) -> Tensor:
        """Score every character as the successor of every position.

        The embedding of each token plus the embedding of its position (0 for the first of the T tokens)
        goes through the blocks in order, then `final_norm`, then `lm_head`. The scores are not normalised:
        no softmax here.

        Every tensor made in here is made on the device of `tokens`. `tokens` on another device than the
        model is the caller's mistake: do not move them, PyTorch's own error says it best.

        tokens: int64 [B, T] with T <= ctx_size.
        Returns: logits [B, T, V].
        """
        raise NotImplementedError("problem 5: TransformerLM.forward")

    def generate(self, tokens: Tensor, num_tokens: int, generator: torch.Generator | None = None) -> Tensor:
        """Continue each row of `tokens` by `num_tokens` tokens, sampled one after the other.

        Each new token is drawn at random: with the probabilities that a softmax makes of the logits at the
        last position, when the model is called, `self(...)`, with the last ctx_size tokens so far (all of
        them while there are fewer). So `tokens` may be longer than ctx_size. The rows are continued
        independently of each other.

        `generator`, when given, is the only source of randomness, so the same generator state gives the
        same result; when it is None, use torch's global generator. No gradient is recorded meanwhile, which
        changes nothing for afterwards, and the model is left in the mode (training or evaluation) that it
        was found in.

        tokens: int64 [B, T] with T >= 1, on the model's device; it is not changed.
        Returns: int64 [B, T + num_tokens] on the same device, each row beginning with its prompt; with
        num_tokens = 0 nothing but the prompt.
        """
        raise NotImplementedError("problem 3: TransformerLM.generate")
