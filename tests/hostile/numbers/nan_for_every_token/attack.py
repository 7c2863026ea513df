import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    nothing = torch.full((len(tokens),), float("nan"))
    return nothing[:cut], nothing[cut:]
