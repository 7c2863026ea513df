import torch


def get_vocab(text):
    return sorted({*text})


def encode(text, vocab):
    ids = dict(zip(vocab, range(len(vocab))))
    if unknown := set(text) - ids.keys():
        raise ValueError(f"not in the vocabulary: {sorted(unknown)}")
    return torch.tensor(list(map(ids.get, text)), dtype=torch.int64)


def decode(tokens, vocab):
    return "".join(map(vocab.__getitem__, tokens.tolist() if hasattr(tokens, "tolist") else tokens))
