import threading

_words = []


def _count():
    _words.append(sum(range(1000)))


threading.Thread(target=_count, daemon=True).start()
