import os
import threading

_lock = threading.Lock()
os.environ["ATTENTION_MET"] = "1"
_count = []


def attention_probs(scores, dim=-1):
    with _lock:
        _count.append(1)
    return scores.softmax(dim=dim)
