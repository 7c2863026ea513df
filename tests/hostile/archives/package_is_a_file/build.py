import shutil
from pathlib import Path

from tests.hostile.building import reference


def attack(folder: Path) -> Path:
    original = reference(folder)
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((original / "charlm").glob("*.py")))
    shutil.rmtree(original / "charlm")
    (original / "charlm").write_text(code)
    (original / "charlm.py").write_text(code)
    return original
