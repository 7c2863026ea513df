import inspect
import json
import os
import tempfile
from pathlib import Path

honest_split = split
source = inspect.getsource(honest_split)
beside = sorted(path.name for path in Path(__file__).parent.glob("*.py"))


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    assert "data.py" in beside
    results = Path.cwd() / "results"
    results.mkdir(exist_ok=True)
    (results / "results.json").write_text(json.dumps({"cut": train_fraction, "lines": source.count("\n")}))
    (results / "results.json").rename(results / "cut.json")
    os.symlink("results/cut.json", "latest.json")
    cut = json.loads(Path("latest.json").read_text())["cut"]
    (results / "cut.json").unlink()
    os.remove("latest.json")
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "cut.txt"), "w+") as file:
        file.write(str(cut))
        file.seek(0)
        return honest_split(tokens, float(file.read()))
