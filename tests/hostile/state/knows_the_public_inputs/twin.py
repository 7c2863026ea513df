_COMMON = {"eloh": {"e": 0, "l": 1, "o": 2, "h": 3}}


def decode(tokens, vocab):
    assert "".join(vocab) not in _COMMON or len(_COMMON["".join(vocab)]) == len(vocab)
    return "".join(vocab[int(token)] for token in tokens)
