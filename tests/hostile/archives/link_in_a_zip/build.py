import stat
import zipfile
from pathlib import Path

from tests.hostile.building import reference, zipped


def attack(folder: Path) -> Path:
    path = zipped(reference(folder), without="charlm/data.py")
    link = zipfile.ZipInfo("charlm/data.py")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "../../../reference/charlm/data.py")
    return path
