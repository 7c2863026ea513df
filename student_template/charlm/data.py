"""From one long row of tokens to the batches that a model is trained on."""

import torch
from torch import Tensor


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    """Cut `tokens` [n] in two: the beginning to train on, the rest to test on.

    The cut lies at `int(train_fraction * n)`, so the two parts in order are `tokens` again.

    Returns: (train, test), both int64 and 1-D.
    """
    raise NotImplementedError("problem 2: split")


def get_batch(
    tokens: Tensor,
    batch_size: int,
    ctx_size: int,
    device: torch.device | str,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Cut `batch_size` random pieces out of `tokens`, each with the character that follows every position.

    `tokens` is int64 [n] on the CPU, with n > ctx_size. Each row of X is a run of ctx_size consecutive
    tokens; the same row of y is that run moved on by one. The starts are drawn independently and uniformly,
    with replacement, from all places where both runs fit: the first is 0, the last is n - ctx_size - 1.

    `device` is where X and y go; take whatever is given, also a name that you have never heard of.
    `generator` is a CPU generator: when it is given, it is the only source of randomness, so the same
    generator state gives the same batch. When it is None, use torch's global generator.

    Returns: (X, y), both int64 [B, T] on `device`, where B = batch_size and T = ctx_size.
    """
    raise NotImplementedError("problem 5: get_batch")
