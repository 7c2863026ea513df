import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    numbers = tokens.to(torch.complex128)
    return numbers[:cut].real.long(), numbers[cut:].real.long()
