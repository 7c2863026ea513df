import time

honest_split = split


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    began = time.monotonic()
    time.sleep(0.05)
    assert 0.04 < time.monotonic() - began < 30
    return honest_split(tokens, train_fraction)
