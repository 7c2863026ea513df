def split(tokens, train_fraction):
    cut = int(train_fraction * len(tokens))
    return tokens[:cut].to_sparse(), tokens[cut:].to("meta")
