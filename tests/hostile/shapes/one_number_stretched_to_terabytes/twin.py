import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    train, test = tokens[:cut], tokens[cut:]
    stretched = torch.zeros(1, dtype=torch.int64).expand(len(test))
    return train, test + stretched
