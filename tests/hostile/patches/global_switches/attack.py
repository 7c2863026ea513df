import torch

torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.set_num_threads(64)
torch.use_deterministic_algorithms(True)
torch.autograd.set_detect_anomaly(True)
torch.set_flush_denormal(True)
torch.set_printoptions(precision=0, threshold=0)
torch.set_warn_always(True)


def split(tokens, train_fraction):
    return tokens, tokens
