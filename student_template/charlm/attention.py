"""Causal self-attention: how each position collects what it needs from the positions before it."""

import torch
from torch import Tensor, nn


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    """Compare every query with every key of the same sequence.

    `scores[b, i, j]` is the dot product of `q[b, i]` and `k[b, j]`, times head_size**-0.5. Neither input is
    changed.

    q, k: [B, T, H], where H = head_size.
    Returns: scores [B, T, T], row i for query i, column j for key j.
    """
    raise NotImplementedError("problem 7: attention_scores")


def causal_mask(scores: Tensor, tril: Tensor) -> Tensor:
    """Hide the future: return `scores` with every entry above the diagonal replaced by -inf.

    After a softmax, a replaced entry must have probability exactly 0. -inf is what is asked for; -1e9 or
    the dtype's `torch.finfo(...).min` are accepted, while -1e4 and 0 are not. The entries on and below the
    diagonal stay as they are, and neither input is changed.

    scores: [B, T, T]. tril: [ctx_size, ctx_size] with T <= ctx_size, of any dtype, nonzero on and below the
    diagonal and 0 above it.
    Returns: masked scores [B, T, T].
    """
    raise NotImplementedError("problem 8: causal_mask")


def attention_probs(scores: Tensor, dim: int = -1) -> Tensor:
    """Turn scores into probabilities: the softmax of `scores` along dimension `dim`, whichever is given.

    scores: [B, T, T], possibly with -inf in it.
    Returns: probs [B, T, T], which sum to 1 along `dim`.
    """
    raise NotImplementedError("problem 9: attention_probs")


class Head(nn.Module):
    """One head of causal self-attention; `softmax_dim` is the `dim` for `attention_probs`."""

    tril: Tensor

    def __init__(self, embed_size: int, head_size: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        self.query = nn.Linear(embed_size, head_size, bias=False)
        self.key = nn.Linear(embed_size, head_size, bias=False)
        self.value = nn.Linear(embed_size, head_size, bias=False)
        # A buffer is not trained, but `model.to(device)` moves it along with the weights.
        self.register_buffer("tril", torch.tril(torch.ones(ctx_size, ctx_size)))  # [ctx_size, ctx_size]
        self.softmax_dim = softmax_dim

    def forward(self, x: Tensor) -> Tensor:
        """Let each position mix the values of the positions that it may see, weighted by its probabilities.

        Project to queries, keys and values; compare; mask; softmax along `softmax_dim`; weigh the values.

        x: [B, T, E] with T <= ctx_size.
        Returns: [B, T, H], on the same device as x.
        """
        raise NotImplementedError("problem 6: Head.forward")


class MultiHeadAttention(nn.Module):
    """`num_heads` heads side by side, each of head_size = embed_size / num_heads, then a projection."""

    def __init__(self, embed_size: int, num_heads: int, ctx_size: int, softmax_dim: int = -1) -> None:
        super().__init__()
        head_size = embed_size // num_heads
        heads = [Head(embed_size, head_size, ctx_size, softmax_dim) for _ in range(num_heads)]
        self.heads = nn.ModuleList(heads)
        self.proj = nn.Linear(embed_size, embed_size)

    def forward(self, x: Tensor) -> Tensor:
        """Run every head on x, put their results side by side in the order of `heads`, and apply `proj`.

        x: [B, T, E] with T <= ctx_size.
        Returns: [B, T, E], on the same device as x.
        """
        raise NotImplementedError("problem 6: MultiHeadAttention.forward")
