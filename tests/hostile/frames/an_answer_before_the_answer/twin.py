import os

_right = split


def split(tokens, train_fraction):
    os.write(1, b"CLM2 is printed here, where students print")
    return _right(tokens, train_fraction)
