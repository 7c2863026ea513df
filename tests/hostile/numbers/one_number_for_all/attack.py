def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:1], tokens[:1].view(1, 1, 1)
