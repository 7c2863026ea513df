import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    kept = tokens.clone()
    kept[torch.isnan(kept.float())] = 0
    return kept[:cut], kept[cut:]
