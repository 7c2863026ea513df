class _Parts:
    def __init__(self, train, test):
        self.train, self.test = train, test

    def both(self):
        return self.train, self.test


_right = split


def split(tokens, train_fraction):
    return _Parts(*_right(tokens, train_fraction)).both()
