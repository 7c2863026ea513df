import torch


def split(tokens, train_fraction):
    return tokens.tensor_split([int(len(tokens) * train_fraction)])


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    runs = tokens.unfold(0, ctx_size + 1, 1)  # every run of T + 1 tokens, as a view
    chosen = runs[torch.randint(len(runs), (batch_size,), generator=generator)].to(device)
    return chosen[:, :-1], chosen[:, 1:]
