import torch


class _Counted(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs or {})


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut].as_subclass(_Counted), tokens[cut:].as_subclass(_Counted)
