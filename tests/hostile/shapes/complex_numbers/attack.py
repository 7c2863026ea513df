import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut].to(torch.complex64), tokens[cut:].to(torch.complex64)
