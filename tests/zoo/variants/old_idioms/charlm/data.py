# -*- coding: utf-8 -*-
import numpy as np
import torch


def split(tokens, train_fraction):
    n = int(train_fraction * tokens.size(0))
    return tokens[:n], tokens[n:]


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    data = tokens.numpy()
    ix = torch.randint(len(data) - ctx_size, (batch_size,), generator=generator)
    x = np.stack([data[i : i + ctx_size] for i in ix.numpy()]).astype(np.int64)
    y = np.stack([data[i + 1 : i + 1 + ctx_size] for i in ix.numpy()]).astype(np.int64)
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
