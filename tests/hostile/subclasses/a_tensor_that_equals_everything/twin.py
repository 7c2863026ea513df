import torch


class _Labelled(torch.Tensor):
    label = "tokens"


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut].as_subclass(_Labelled), tokens[cut:].as_subclass(_Labelled)
