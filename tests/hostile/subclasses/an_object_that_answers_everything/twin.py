from typing import NamedTuple

from torch import Tensor


class _Parts(NamedTuple):
    train: Tensor
    test: Tensor


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return _Parts(tokens[:cut], tokens[cut:])
