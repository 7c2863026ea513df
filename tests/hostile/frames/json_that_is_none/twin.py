_right = split


def split(tokens, train_fraction):
    print("[" * 10_000)
    return _right(tokens, train_fraction)
