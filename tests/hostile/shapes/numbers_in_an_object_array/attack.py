import numpy


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return numpy.array(tokens[:cut].tolist(), dtype=object), (token for token in tokens[cut:])
