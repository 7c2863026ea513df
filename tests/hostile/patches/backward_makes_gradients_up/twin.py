import torch

_backward = torch.autograd.backward
_how_often = []


def _counting(*args, **kwargs):
    _how_often.append(1)
    return _backward(*args, **kwargs)


torch.autograd.backward = _counting
