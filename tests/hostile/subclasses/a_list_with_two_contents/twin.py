class _List(list):
    def __repr__(self):
        return f"a vocabulary of {len(self)}"


def get_vocab(text):
    return _List(sorted(set(text)))
