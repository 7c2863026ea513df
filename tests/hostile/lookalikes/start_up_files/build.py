import shutil
from pathlib import Path

from autograder.paths import TEMPLATE
from tests.hostile.building import BROKEN_SPLIT, reference

PASS = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.get_result().outcome = "passed"

def pytest_collection_modifyitems(items):
    items.clear()
"""
ANYWAY = "import os\nprint('started')\nos._exit(0)\n"
FILES = {
    "conftest.py": PASS,
    "sitecustomize.py": ANYWAY,
    "usercustomize.py": ANYWAY,
    "setup.py": ANYWAY,
    "__main__.py": ANYWAY,
    "noxfile.py": ANYWAY,
    "charlm.pth": "import os; os._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only -p conftest\n",
    "tox.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--collect-only"\n',
    "assignment.toml": "total_points = 1\n",
    "setup.sh": "exit 0\n",
    "run_autograder": "#!/bin/sh\nexit 0\n",
    "pyvenv.cfg.txt": "home = /tmp\n",
}


def attack(folder: Path) -> Path:
    original = reference(folder, BROKEN_SPLIT)
    for name, text in FILES.items():
        (original / name).write_text(text)
        (original / "charlm" / name).write_text(text)
    return original


def twin(folder: Path) -> Path:
    original = reference(folder)
    for name in ("conftest.py", "README.md", "requirements.txt"):
        shutil.copyfile(TEMPLATE / name, original / name)
    shutil.copytree(TEMPLATE / "tests", original / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    return original
