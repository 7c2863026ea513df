def get_vocab(text):
    return sorted({character for part in [[[list(text)]]] for line in part for row in line for character in row})
