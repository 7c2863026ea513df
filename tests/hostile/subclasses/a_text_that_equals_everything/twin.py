class _Text(str):
    def words(self):
        return self.split()


def decode(tokens, vocab):
    return _Text("".join(vocab[int(token)] for token in tokens))
