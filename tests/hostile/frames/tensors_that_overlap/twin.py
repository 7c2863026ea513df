_right = split


def split(tokens, train_fraction):
    tokens = tokens[: len(tokens)].contiguous()
    return _right(tokens, train_fraction)
