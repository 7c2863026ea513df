import zipfile
from pathlib import Path

from tests.hostile.building import reference, zipped

UPWARDS = ("../../../../results.json", "charlm/../../x.py", "..\\..\\x.py")
ELSEWHERE = ("/tmp/left_by_a_student", "C:\\x.py", "x/" * 500 + "x.py")


def attack(folder: Path) -> Path:
    path = zipped(reference(folder))
    with zipfile.ZipFile(path, "a") as archive:
        for name in UPWARDS + ELSEWHERE:
            archive.writestr(name, '{"score": 100}')
    return path
