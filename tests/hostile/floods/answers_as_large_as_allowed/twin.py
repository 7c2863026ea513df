_right = encode
_kept = {}


def encode(text, vocab):
    if len(_kept) > 20:
        _kept.clear()
    key = text, tuple(vocab)
    if key not in _kept:
        _kept[key] = _right(text, vocab)
    return _kept[key].clone()
