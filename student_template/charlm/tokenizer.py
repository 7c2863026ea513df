"""Characters to integers and back. A token is the index of a character in the vocabulary."""

from collections.abc import Sequence

import torch
from torch import Tensor


def get_vocab(text: str) -> list[str]:
    """Return every distinct character of `text` once, sorted as Python sorts strings.

    Any text will do, also one with accents, emoji or no characters at all (then the list is empty).
    """
    raise NotImplementedError("problem 1: get_vocab")


def encode(text: str, vocab: list[str]) -> Tensor:
    """Return the tokens of `text`: for each character, its index in `vocab`.

    Returns: int64 [n] on the CPU, where n = len(text); for an empty text that is an empty int64 tensor.
    Raises: ValueError when a character of `text` is not in `vocab`; the message names that character.
    """
    raise NotImplementedError("problem 1: encode")


def decode(tokens: Tensor | Sequence[int], vocab: list[str]) -> str:
    """Return the text that `tokens` stand for, so that `decode(encode(text, vocab), vocab) == text`.

    `tokens` is a tensor [n] (on any device) or a list of n integers. No tokens give the empty text.
    """
    raise NotImplementedError("problem 1: decode")
