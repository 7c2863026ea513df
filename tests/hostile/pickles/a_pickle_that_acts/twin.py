import io

import torch


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    file = io.BytesIO()
    torch.save(tokens, file)
    file.seek(0)
    tokens = torch.load(file)
    return tokens[:cut], tokens[cut:]
