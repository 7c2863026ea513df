def abs(x):
    return -x if x < 0 else x


def all(values):
    return False not in [bool(value) for value in values]


assert abs(-1) == 1 and all([abs(1) == 1])
