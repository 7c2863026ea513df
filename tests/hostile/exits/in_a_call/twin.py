import atexit

honest_split = split
calls: list[float] = []
atexit.register(calls.clear)


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    try:
        raise SystemExit(0)
    except SystemExit:
        calls.append(train_fraction)
    return honest_split(tokens, train_fraction)
