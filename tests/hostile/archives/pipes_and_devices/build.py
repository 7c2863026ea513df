import contextlib
import os
import socket
from pathlib import Path

from tests.hostile.building import reference


def attack(folder: Path) -> Path:
    original = reference(folder)
    for name in ("data", "model", "training"):
        (original / f"charlm/{name}.py").unlink()
    os.mkfifo(original / "charlm/data.py")
    with contextlib.suppress(PermissionError):
        os.mknod(original / "charlm/model.py", 0o020666, os.makedev(1, 5))  # /dev/zero
    here = os.getcwd()
    os.chdir(original / "charlm")  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind("training.py")
    finally:
        os.chdir(here)
    return original
