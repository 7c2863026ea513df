"""Characters and their numbers."""

import torch


def get_vocab(text):
    seen = []
    for character in set(text):
        seen.append(character)
    seen.sort()
    return seen


def encode(text, vocab):
    numbers = dict(zip(vocab, range(len(vocab)), strict=True))
    out = []
    for c in text:
        number = numbers.get(c)
        if number is None:
            raise ValueError("cannot encode " + repr(c))
        out += [number]
    return torch.as_tensor(out, dtype=torch.int64)


def decode(tokens, vocab):
    if torch.is_tensor(tokens):
        tokens = tokens.cpu().tolist()
    return "".join([vocab[t] for t in tokens])
