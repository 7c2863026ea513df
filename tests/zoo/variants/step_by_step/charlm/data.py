# Problems 2 and 5
import torch


def split(tokens, train_fraction):
    n = len(tokens)
    number_for_training = int(train_fraction * n)
    train = tokens[0:number_for_training]
    test = tokens[number_for_training:n]
    return train, test


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    X = torch.zeros(batch_size, ctx_size, dtype=torch.long)
    y = torch.zeros(batch_size, ctx_size, dtype=torch.long)
    number_of_starts = len(tokens) - ctx_size
    for b in range(batch_size):
        start = torch.randint(0, number_of_starts, (1,), generator=generator).item()
        for t in range(ctx_size):
            X[b, t] = tokens[start + t]
            y[b, t] = tokens[start + t + 1]
    X = X.to(device)
    y = y.to(device)
    return X, y
