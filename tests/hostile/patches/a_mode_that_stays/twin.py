import torch
from torch.overrides import TorchFunctionMode


class _Counting(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def causal_mask(scores, tril):
    size = scores.size(-1)
    with _Counting(), torch.no_grad():
        hidden = tril[:size, :size] == 0
    return scores.masked_fill(hidden, float("-inf"))
