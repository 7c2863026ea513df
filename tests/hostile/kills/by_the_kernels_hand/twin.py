import fcntl
import os
import signal

_right = split


def split(tokens, train_fraction):
    reading, writing = os.pipe()
    before = signal.signal(signal.SIGIO, lambda number, frame: None)
    try:
        fcntl.fcntl(reading, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
        os.write(writing, b"x")
        return _right(tokens, train_fraction)
    finally:
        os.close(reading)
        os.close(writing)
        signal.signal(signal.SIGIO, before)
