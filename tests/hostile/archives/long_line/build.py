from pathlib import Path

from tests.hostile.building import reference, zipped


def attack(folder: Path) -> Path:
    original = reference(folder)
    with (original / "charlm/data.py").open("a") as file:
        file.write(f'\n\nTEXT = "{"x" * 5_000_000}"\n')
    with (original / "charlm/model.py").open("a") as file:
        file.write(f"\n\nNUMBER = {'9' * 100_000}\n")
    return zipped(original)
