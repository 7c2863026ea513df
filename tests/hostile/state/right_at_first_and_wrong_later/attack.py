_calls = []


def decode(tokens, vocab):
    _calls.append(1)
    text = "".join(vocab[int(token)] for token in tokens)
    return text if len(_calls) == 1 else text + "!"
