import json
import os
import sys

PASS = json.dumps({"score": 100.0, "tests": [{"score": 100.0, "max_score": 100.0, "status": "passed"}]})


def _places():
    root = sys.modules["support.probes"].__file__.partition("/student_template/")[0]
    for name in ("autograder/checks", "reference", "reference/charlm", "results", "tests", ".git", "."):
        yield os.path.join(root, name)
    yield from ("/autograder/results", "/autograder/submission", "/autograder/source", "/tmp", "/var/tmp", "/dev/shm")
    yield os.path.dirname(__file__)
    here = os.getcwd()
    while here != "/":
        here = os.path.dirname(here)
        yield here


def _write(path):
    with open(path, "w") as file:
        file.write(PASS)


def _harm(folder):
    ways = {
        "new": lambda: _write(os.path.join(folder, "left_by_a_student.py")),
        "results": lambda: _write(os.path.join(folder, "results.json")),
        "folder": lambda: os.mkdir(os.path.join(folder, "left_by_a_student")),
        "mode": lambda: os.chmod(folder, 0o777),
        "link": lambda: os.symlink("/etc/passwd", os.path.join(folder, "left_by_a_student.json")),
        "move": lambda: os.rename(folder, folder + "-moved"),
        "own source": lambda: _write(os.path.join(folder, "data.py")),
    }
    try:
        for name in os.listdir(folder):
            if name.startswith("planted-"):
                ways[name] = lambda name=name: _write(os.path.join(folder, name))
    except OSError:
        pass
    return ways


def split(tokens: Tensor, train_fraction: float) -> tuple[Tensor, Tensor]:
    done = []
    for folder in dict.fromkeys(_places()):
        for way, harm in _harm(folder).items():
            try:
                harm()
                done.append((folder, way))
            except OSError:
                pass
    raise RuntimeError(f"changed: {done}")
