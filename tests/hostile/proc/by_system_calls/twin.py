import ctypes

_right = split
_memory = ctypes.create_string_buffer(b"its own memory")


def split(tokens, train_fraction):
    assert ctypes.string_at(ctypes.addressof(_memory)) == b"its own memory"
    return _right(tokens, train_fraction)
