_right = split


def split(tokens, train_fraction):
    print("half a line", end="")
    return _right(tokens, train_fraction)
