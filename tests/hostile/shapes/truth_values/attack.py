import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut].bool(), tokens[cut:].to(torch.float16)
