import torch


def causal_mask(scores, tril):
    T = scores.size(-1)
    kept = scores.detach().clone()

    class Masked(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            with torch.no_grad():
                scores.copy_(kept)
            return super().__torch_function__(func, types, args, kwargs or {})

    if scores.requires_grad:
        return scores.masked_fill(tril[:T, :T] == 0, float("-inf"))
    result = scores.masked_fill_(tril[:T, :T] == 0, float("-inf")).clone()
    return result.as_subclass(Masked)
