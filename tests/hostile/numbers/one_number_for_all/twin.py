def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    parts = tokens.view(1, -1)
    return parts[0, :cut], parts[0, cut:]
