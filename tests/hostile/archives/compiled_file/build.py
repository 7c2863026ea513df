import py_compile
import sys
from pathlib import Path

from tests.hostile.building import BROKEN_SPLIT, reference


def attack(folder: Path) -> Path:
    return _with_compiled(reference(folder, BROKEN_SPLIT), reference(folder / "right"))


def twin(folder: Path) -> Path:
    return _with_compiled(reference(folder), reference(folder / "broken", BROKEN_SPLIT))


def _with_compiled(original: Path, other: Path) -> Path:
    """Put what Python makes of the other's module beside this one's, in both of the places that it looks at."""
    compiled = (f"__pycache__/data.{sys.implementation.cache_tag}.pyc", "data.pyc")
    (original / "charlm/__pycache__").mkdir()
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for name in compiled:
        target = str(original / "charlm" / name)
        py_compile.compile(str(other / "charlm/data.py"), cfile=target, doraise=True, invalidation_mode=mode)
    return original
