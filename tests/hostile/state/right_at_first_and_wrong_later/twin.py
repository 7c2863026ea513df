import functools


@functools.cache
def _decode(tokens, vocab):
    return "".join(vocab[token] for token in tokens)


def decode(tokens, vocab):
    return _decode(tuple(int(token) for token in tokens), tuple(vocab))
