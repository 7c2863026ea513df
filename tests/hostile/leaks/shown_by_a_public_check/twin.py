_right = split
_calls = []


def split(tokens, train_fraction):
    _calls.append((len(tokens), train_fraction))
    print(f"split was called {len(_calls)} times")
    return _right(tokens, train_fraction)
