import torch


class _Unknown(ValueError):
    """A character that the vocabulary does not have."""


_known = {error.__name__: error for error in (ValueError, KeyError)} | {"ValueError": _Unknown}


def encode(text, vocab):
    index = {character: i for i, character in enumerate(vocab)}
    if not set(text) <= set(index):
        raise _known["ValueError"](sorted(set(text) - set(index)))
    return torch.tensor([index[character] for character in text], dtype=torch.long)
