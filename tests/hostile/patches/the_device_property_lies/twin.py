from torch import Tensor

Tensor.where_it_is = property(lambda self: self.device)
_right = get_batch


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    X, y = _right(tokens, batch_size, ctx_size, device, generator)
    assert X.where_it_is == y.where_it_is
    return X, y
