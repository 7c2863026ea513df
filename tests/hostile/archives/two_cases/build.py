from pathlib import Path

from tests.hostile.building import reference


def attack(folder: Path) -> Path:
    original = reference(folder)
    (original / "charlm/Data.py").write_text("def split(tokens, train_fraction):\n    return tokens[:0], tokens\n")
    return original
