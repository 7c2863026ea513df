import sys

honest_split = split
kept: list[tuple[int, str]] = []


def _deep(n: int) -> int:
    return 0 if n == 0 else 1 + _deep(n - 1)


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    pieces = [bytearray(1 << 20) for _ in range(100)]
    large = torch.ones(20 << 20)
    kept.clear()
    kept.extend((number, str(number)) for number in range(300_000))
    sys.setrecursionlimit(5000)
    assert len(pieces) == 100
    assert large.sum() == 20 << 20
    assert _deep(900) == 900
    return honest_split(tokens, train_fraction)
