import warnings
import zipfile
from pathlib import Path

from tests.hostile.building import BROKEN_SPLIT, reference, zipped


def attack(folder: Path) -> Path:
    path = zipped(reference(folder, BROKEN_SPLIT))
    right = (reference(folder / "right") / "charlm" / "data.py").read_text(encoding="utf-8")
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("homework/../charlm/data.py", right)
        archive.writestr("charlm/data.py", right)
    return path
