import gc
import inspect
import os
import resource
import sys

honest_split = split


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    assert int(status["Pid"]) == os.getpid()
    assert len(os.listdir("/proc/self/task")) >= 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    assert (os.cpu_count() or 1) > 0
    assert inspect.currentframe().f_code.co_name == "split"
    assert "charlm.data" in sys.modules
    assert sys.argv
    assert {"HOME", "PATH", "USER"} <= set(os.environ)
    assert gc.collect() >= 0 and sum(gc.get_count()) >= 0
    return honest_split(tokens, train_fraction)
