from pathlib import Path

from tests.hostile.building import reference


def attack(folder: Path) -> Path:
    original = reference(folder)
    for number in range(200):
        runs = original / "runs" / str(number)
        runs.mkdir(parents=True)
        for other in range(100):
            (runs / f"{other}.txt").touch()
    return original
