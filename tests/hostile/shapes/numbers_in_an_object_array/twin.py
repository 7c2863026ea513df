import numpy
import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    numbers = numpy.array(tokens.tolist(), dtype=numpy.int64)
    return torch.from_numpy(numbers[:cut].copy()), torch.from_numpy(numbers[cut:].copy())
