import os
import re
import signal
import time

honest_split = split
caught: list[int] = []


class CutError(ValueError):
    def __init__(self, fraction: float) -> None:
        super().__init__(fraction)
        self.fraction = fraction

    def __str__(self) -> str:
        return f"cannot cut at {self.fraction}"


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: caught.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGCONT)
    signal.signal(signal.SIGUSR1, before)
    time.sleep(0.2)
    os.nice(1)
    try:
        raise CutError(train_fraction)
    except CutError as error:
        assert re.search("(cannot|can)+ cut", str(error) * 10_000)
    assert len(caught) >= 2
    return honest_split(tokens, train_fraction)
