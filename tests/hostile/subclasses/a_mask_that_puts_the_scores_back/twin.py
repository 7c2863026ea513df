import torch


class _Masked(torch.Tensor):
    hidden = float("-inf")


def causal_mask(scores, tril):
    T = scores.size(-1)
    masked = scores.masked_fill(tril[:T, :T] == 0, _Masked.hidden)
    return masked.as_subclass(_Masked) if type(masked) is torch.Tensor else masked
