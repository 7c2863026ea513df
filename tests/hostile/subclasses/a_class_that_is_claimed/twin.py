class _Halves(tuple):
    """Two texts, with names for them."""

    train = property(lambda self: self[0])
    test = property(lambda self: self[1])


_right = split


def split(tokens, train_fraction):
    return _Halves(_right(tokens, train_fraction))
