def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:0].new_tensor(tokens[:cut].tolist()), tokens[cut:]
