import zipfile
from pathlib import Path

from tests.hostile.building import reference, zipped


def attack(folder: Path) -> Path:
    original = reference(folder)
    with (original / "charlm/data.py").open("ab") as file:
        file.write(b"\0\nimport os\n")
    path = zipped(original)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("charlm/model.py#notes.txt", "")
    path.write_bytes(path.read_bytes().replace(b"model.py#notes", b"model.py\0notes"))
    return path
