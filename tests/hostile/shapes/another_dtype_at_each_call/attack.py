import itertools

import torch

_forward = TransformerLM.forward
_dtypes = itertools.cycle([torch.float32, torch.float64])


def _changing(self, tokens):
    return _forward(self, tokens).to(next(_dtypes))


TransformerLM.forward = _changing
