from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import torch
from torch import Tensor


class Alphabet:
    """Two-way table between characters and numbers."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(characters)
        self.numbers = dict(zip(self.characters, count()))

    def __getitem__(self, character: str) -> int:
        try:
            return self.numbers[character]
        except KeyError as error:
            raise ValueError(f"no such character: {character!r}") from error


def get_vocab(text: str) -> list[str]:
    return list(Alphabet(sorted(frozenset(text))).characters)


def encode(text: str, vocab: list[str]) -> Tensor:
    alphabet = Alphabet(vocab)
    return torch.as_tensor([alphabet[character] for character in text], dtype=torch.int64)


def decode(tokens, vocab: list[str]) -> str:
    characters = Alphabet(vocab).characters
    return "".join([characters[token] for token in torch.as_tensor(tokens, dtype=torch.int64).tolist()])
