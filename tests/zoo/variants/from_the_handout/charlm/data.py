"""Train/test split and random batches."""

import torch


def split(tokens, train_fraction):
    n_train = int(train_fraction * tokens.shape[0])
    return torch.split(tokens, [n_train, tokens.shape[0] - n_train])


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    last = tokens.shape[0] - ctx_size - 1
    ix = torch.randint(low=0, high=last + 1, size=(batch_size,), generator=generator)
    X = torch.empty((batch_size, ctx_size), dtype=torch.long)
    y = torch.empty_like(X)
    for row, i in enumerate(ix):
        X[row] = tokens[i : i + ctx_size]
        y[row] = tokens[i + 1 : i + ctx_size + 1]
    if str(device) != "cpu":
        X, y = X.to(device), y.to(device)
    return X, y
