from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    cut = int(train_fraction * tokens.numel())
    return tokens.narrow(0, 0, cut), tokens.narrow(0, cut, tokens.numel() - cut)


@dataclass
class Pieces(Dataset):
    """All pieces of a text, each with the one that begins a token later."""

    tokens: Tensor
    length: int

    def __len__(self) -> int:
        return len(self.tokens) - self.length

    def __getitem__(self, start: int) -> tuple[Tensor, Tensor]:
        if not 0 <= start < len(self):
            raise IndexError(start)
        piece = self.tokens[start : start + self.length + 1]
        return piece[:-1], piece[1:]


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    pieces = Pieces(tokens, ctx_size)
    starts = torch.randint(len(pieces), (batch_size,), generator=generator)
    loader = DataLoader(pieces, batch_size=batch_size, sampler=starts.tolist())
    X, y = next(iter(loader))
    return X.to(device=device, non_blocking=True), y.to(device=device, non_blocking=True)
