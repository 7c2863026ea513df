import os
from pathlib import Path

from tests.hostile.building import BROKEN_SPLIT, reference

ESCAPES = ("\x1b[2J\x1b[32m100 points.py", "\x1b]0;graded\x07.py", "two\nlines.py", "\u202eyp.atad.py", "\x9b31m.py")


def attack(folder: Path) -> Path:
    original = reference(folder, BROKEN_SPLIT)
    for name in ESCAPES:
        (original / "charlm" / name).touch()
    with open(os.fsencode(original / "charlm") + b"/\xff\xfe.py", "w"):
        pass
    return original.rename(original.with_name("homework \x1b[31m\n"))
