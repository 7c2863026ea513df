import torch

_library = torch.library.Library("homework", "DEF")
_library.define("masked(Tensor scores, Tensor hidden) -> Tensor")
_library.impl("masked", lambda scores, hidden: scores.masked_fill(hidden, float("-inf")), "CompositeImplicitAutograd")


def causal_mask(scores, tril):
    T = scores.size(-1)
    return torch.ops.homework.masked(scores, tril[:T, :T] == 0)
