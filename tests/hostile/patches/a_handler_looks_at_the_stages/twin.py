import signal


def _late(number, frame):
    raise TimeoutError


_before = signal.signal(signal.SIGALRM, _late)
signal.setitimer(signal.ITIMER_REAL, 60)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, _before)
