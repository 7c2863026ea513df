"""The command line beside `grade`, and the README's promise that every command in it is run by a test or by CI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from autograder.paths import CALIBRATION, CORPUS, ROOT, SETTINGS
from tests.recipes import RECIPES

# What CONTRIBUTING.md says besides: a shell's line each, or in the text.
ALSO_RUN_BY_CI = {
    "bash setup.sh",
    ".venv/bin/python -m pytest",
    ".venv/bin/python -m ruff check .",
    ".venv/bin/python -m ruff format --check .",
    ".venv/bin/python -m mypy",
}
RUN_WITH_PYTEST = {".venv/bin/python -m pytest tests/test_settings.py"}
DRAWN = {".venv/bin/python -m tests.architecture"}  # test_architecture.py compares what it would write
ALSO_RUN_BELOW = {".venv/bin/python -m tests.run_odd_values --checks 8.7"}
ALSO_EXHAUSTIVE = {
    ".venv/bin/python -m tests.zoo --only mistakes --matching mask_fills_zero",
}
RUN_BY_CI = {
    "./run_autograder reference",
    "bash setup.sh && .venv/bin/python -m pytest",
    ".venv/bin/python -m autograder template --check",
}
RUN_BELOW = {
    ".venv/bin/python -m autograder template",
    ".venv/bin/python -m autograder corpus",
    ".venv/bin/python -m autograder calibrate --device cpu --seeds 100",
}
RUN_BY_TESTS_OF_THEIR_OWN = {
    ".venv/bin/python -m autograder package": "test_package.py",
    ".venv/bin/python -m autograder rehearse": "test_package.py",
    ".venv/bin/python -m autograder handout": "test_handout.py",
    ".venv/bin/python -m autograder diff SUBMISSION": "test_diff.py",
    ".venv/bin/python -m autograder rubric": "test_written.py",
}
ON_A_GPU = {".venv/bin/python -m tests.gpu"}
# Slow, and the same code as the sample of it that CI runs.
EXHAUSTIVE = {
    ".venv/bin/python -m pytest tests/hostile --every-submission",
    ".venv/bin/python -m tests.machines",
    ".venv/bin/python -m tests.recipes",
    ".venv/bin/python -m tests.run_odd_values",
    ".venv/bin/python -m tests.sandbox.fuzz_frames",
    ".venv/bin/python -m tests.thresholds",
    ".venv/bin/python -m tests.zoo",
}


def run(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for part in ("autograder", "reference", "student_template"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    shutil.copy(SETTINGS, tmp_path)
    return tmp_path


def test_every_command_in_the_readme_is_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block.strip() for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]
    inline = re.findall(r"`((?:\./run_autograder|bash|\.venv/bin/python) [^`\[]*)`", text)
    assert set(blocks) | set(inline) == RUN_BY_CI | RUN_BELOW | RUN_BY_TESTS_OF_THEIR_OWN.keys() | EXHAUSTIVE | ON_A_GPU
    for command, file in RUN_BY_TESTS_OF_THEIR_OWN.items():
        called = f'run("{command.split()[3]}"'
        assert called in (ROOT / "tests" / file).read_text(encoding="utf-8"), command
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(" python -m", " .venv/bin/python -m")
    for command in RUN_BY_CI:
        assert all(part in ci for part in command.split(" && ")), command


def test_every_command_in_contributing_is_run() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    loop, _, _ = text.partition("\n## Recipes\n")
    said = {line for block in re.findall(r"```bash\n(.*?)```", loop, re.DOTALL) for line in block.splitlines()}
    said |= set(re.findall(r"`((?:\./run_autograder|bash|\.venv/bin/python) [^`]*)`", loop))
    own = DRAWN | ALSO_RUN_BY_CI | RUN_WITH_PYTEST | ALSO_RUN_BELOW | ALSO_EXHAUSTIVE
    own_or_known = own | RUN_BELOW | EXHAUSTIVE | ON_A_GPU
    followed = {command for recipe in RECIPES.values() for command in recipe.commands}
    assert said - own_or_known == {"./run_autograder reference --without-training"}
    assert own - said == set()
    assert "./run_autograder reference --without-training" in (ROOT / "tests/test_recipes.py").read_text()
    assert {".venv/bin/python -m autograder template", ".venv/bin/python -m autograder corpus"} <= followed
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(" python -m", " .venv/bin/python -m")
    assert [command for command in ALSO_RUN_BY_CI if command not in ci] == []
    for command in RUN_WITH_PYTEST:
        assert (ROOT / command.split()[-1]).is_file()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("command", sorted(ON_A_GPU))
def test_what_needs_a_gpu_says_so(command: str) -> None:
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, "no GPU that PyTorch can use" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", sorted(ALSO_RUN_BELOW))
def test_one_check_can_be_tried_alone(command: str) -> None:
    arguments = command.split()[1:]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "8.7: 14 cases" in done.stderr + done.stdout


def test_corpus_is_built_once() -> None:
    before = CORPUS.stat()
    done = run("corpus")
    assert done.returncode == 0, done.stderr
    assert (CORPUS.stat().st_mtime_ns, CORPUS.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_template_is_written_where_it_has_drifted(project: Path) -> None:
    stub = project / "student_template" / "charlm" / "attention.py"
    wanted = stub.read_text(encoding="utf-8")
    stub.write_text(wanted + "# drift\n", encoding="utf-8")
    checked = run("template", "--check", root=project)
    assert (checked.returncode, "student_template/charlm/attention.py" in checked.stdout) == (3, True)
    assert stub.read_text(encoding="utf-8") == wanted + "# drift\n"
    assert run("template", root=project).returncode == 0
    assert stub.read_text(encoding="utf-8") == wanted


def test_calibration_that_cannot_tell_honest_from_leaking_is_refused(project: Path) -> None:
    settings = project / "assignment.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("num_steps = 350", "num_steps = 2").replace("eval_batches = 16", "eval_batches = 1")
    )
    file = project / CALIBRATION.relative_to(ROOT)
    before = file.read_bytes()
    done = run("calibrate", "--device", "cpu", "--setting", "cpu", "--seeds", "3", root=project)
    assert done.returncode == 3, done.stdout
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [(), ("grades",), ("grade", "--device", "tpu"), ("grade", "--seed", "-1"), ("calibrate", "--seeds", "2")],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, "error:" in done.stderr) == (2, True)
