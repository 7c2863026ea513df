import threading

_right = split


def split(tokens, train_fraction):
    threads = [threading.Thread(target=lambda: print("a line " * 100), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _right(tokens, train_fraction)
