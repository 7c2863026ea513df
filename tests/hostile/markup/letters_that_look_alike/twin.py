import unicodedata

_right = decode


def decode(tokens, vocab):
    return "".join(letter for letter in _right(tokens, vocab) if unicodedata.name(letter, "no name"))
