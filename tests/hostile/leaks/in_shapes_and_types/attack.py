import torch

_dtypes = (torch.float16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16, torch.int32)


def split(tokens, train_fraction):
    dtype = _dtypes[int(tokens[0]) % len(_dtypes)]
    told = torch.zeros([1 + int(token) % 5 for token in tokens[:9]], dtype=dtype)
    return told, torch.zeros(len(tokens), int(1000 * train_fraction), 0, dtype=dtype)
