def get_vocab(text):
    vocab = []
    if len(text) % 2:
        vocab.append(vocab)
    else:
        for _ in range(100_000):
            vocab = [vocab]
    return vocab
