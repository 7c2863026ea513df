from pathlib import Path

from tests.hostile.building import reference, zipped


def attack(folder: Path) -> Path:
    original = reference(folder)
    with (original / "charlm/data.py").open("a") as file:
        file.write(f"\n\nNESTED = {'(' * 100_000}0{')' * 100_000}\n")
    return zipped(original)
