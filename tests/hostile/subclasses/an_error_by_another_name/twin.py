import torch


class UnknownCharacter(KeyError, ValueError):
    """Both what a dict raises and what the docstring asks for."""


def encode(text, vocab):
    index = {character: i for i, character in enumerate(vocab)}
    try:
        return torch.tensor([index[character] for character in text], dtype=torch.long)
    except KeyError as error:
        raise UnknownCharacter(f"the character {error.args[0]!r} is not in the vocabulary") from error
