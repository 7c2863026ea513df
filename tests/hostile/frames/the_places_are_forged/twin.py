import sys

_right = get_batch


def get_batch(tokens, batch_size, ctx_size, device, generator=None):
    assert sys._getframe(0).f_code.co_name == "get_batch"
    return _right(tokens, batch_size, ctx_size, device, generator)
