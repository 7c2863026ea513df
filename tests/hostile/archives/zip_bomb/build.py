import zipfile
from pathlib import Path

from tests.hostile.building import reference, zipped


def attack(folder: Path) -> Path:
    path = zipped(reference(folder), without="charlm/data.py")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("charlm/data.py", "w") as member:
        for _ in range(300):
            member.write(b" " * (1 << 20))
    return path


def twin(folder: Path) -> Path:
    original = reference(folder)
    with (original / "charlm/data.py").open("a") as file:
        file.write(f'\n\nTEXT = "{"x" * 100_000}"\nNESTED = {"(" * 50}0{")" * 50}\nZERO = "\\0"\n')
    for file in original.rglob("*.py"):
        file.chmod(0o777)
    (original / "charlm.txt").write_text("../../../reference/charlm/data.py")
    path = zipped(original)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("charlm/notes.txt", " " * (1 << 20))
        for name in ("results.json", "tmp/x", "./notes.txt", "charlm/two..dots.txt", "a...b", "x/" * 8 + "notes.txt"):
            archive.writestr(name, '{"score": 100}')
    return path
