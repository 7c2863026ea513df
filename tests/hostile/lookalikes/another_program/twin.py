import os
import shutil
import sys

_right = split
_found = shutil.which("python3"), os.access(sys.executable, os.X_OK), os.path.realpath(sys.executable)


def split(tokens, train_fraction):
    with open("program", "w") as file:
        print(f"#!{sys.executable}", file=file)
    os.chmod("program", 0o700)
    os.remove("program")
    return _right(tokens, train_fraction)
