_right = split


def split(tokens, train_fraction):
    print(list(range(-1, 7)))
    return _right(tokens, train_fraction)
