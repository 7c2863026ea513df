import torch

_right = split


def split(tokens, train_fraction):
    assert tokens.dtype == torch.int64
    assert tokens.dim() == 1, f"tokens of shape {list(tokens.shape)}"
    return _right(tokens, train_fraction)
