import torch

_leaf = torch.ones(2, 3, 4, requires_grad=True)
_leaf.register_hook(lambda gradient: gradient.clone())
torch.autograd.backward(attention_scores(_leaf, _leaf).sum())
assert _leaf.grad is not None and torch.autograd.grad(_leaf.sum(), _leaf)[0].sum() == 24
