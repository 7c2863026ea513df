import zipfile
from pathlib import Path

from tests.patches import write_patched


def attack(folder: Path) -> Path:
    return _packed(folder, "charlm/data.py", 300 << 20)


def twin(folder: Path) -> Path:
    return _packed(folder, "charlm/notes.txt", 1 << 20)


def _packed(folder: Path, name: str, size: int) -> Path:
    """The reference as a zip, with `name` in it: `size` blanks, which pack well."""
    original = write_patched([], folder / "original")
    path = folder / "submission.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(original.rglob("*")):
            inside = str(file.relative_to(original))
            if file.is_file() and inside != name:
                archive.write(file, inside)
        with archive.open(name, "w", force_zip64=True) as member:
            for _ in range(size >> 20):
                member.write(b" " * (1 << 20))
    return path
