import os
import tempfile
from pathlib import Path

honest_split = split
source = Path(__file__).read_text(encoding="utf-8")
beside = sorted(path.name for path in Path(__file__).parent.glob("*.py"))


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    assert "data.py" in beside
    assert "def split" in source
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "cut.txt"), "w+") as file:
        file.write(str(train_fraction))
        file.seek(0)
        return honest_split(tokens, float(file.read()))
