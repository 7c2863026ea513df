import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    mask = torch.arange(len(tokens)) < cut
    return tokens[mask], tokens[~mask]
