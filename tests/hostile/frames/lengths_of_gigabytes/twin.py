_right = split


def split(tokens, train_fraction):
    assert len(bytes(4_000_000)) == 4_000_000
    return _right(tokens, train_fraction)
