"""What a student sees: plain `pytest` in the template's folder, without the grader."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import REFERENCE, TEMPLATE

CATALOGUE = load_catalogue()
PUBLIC = [info for info in CATALOGUE.checks if info.number not in CATALOGUE.hidden]


@pytest.fixture
def handout(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "runs")
    return Path(shutil.copytree(TEMPLATE, tmp_path / "homework", ignore=ignored))


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run as a student would: no variable of ours, and nothing of the project on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def lines(printed: str, mark: str) -> list[str]:
    return re.findall(rf"^{mark} +(\d+\.\d+)  ", printed, re.MULTILINE)


def test_untouched_template_fails_every_check_with_a_sentence(handout: Path) -> None:
    code, printed = run_pytest(handout)
    assert code == 1
    assert lines(printed, "FAIL") == [info.number for info in PUBLIC]
    assert "Traceback" not in printed
    assert not re.search(r"\berrors?\b.* in \d", printed.splitlines()[-1])
    questions = sum("questions of problem" in info.title for info in PUBLIC)
    assert printed.count("not implemented yet: problem ") == len(PUBLIC) - questions
    assert printed.count("Got: nothing yet.") == questions
    for info in PUBLIC:
        assert info.sentence in printed
        assert f"Hint: {info.hint}" in printed


def test_reference_passes_every_check_within_ten_seconds(handout: Path) -> None:
    shutil.copytree(REFERENCE / "charlm", handout / "charlm", dirs_exist_ok=True)
    shutil.copy(REFERENCE / "answers.toml", handout)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, printed = run_pytest(handout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (code, lines(printed, "ok")) == (0, [info.number for info in PUBLIC]), printed
    # Time of the processor, not of the clock: the machine that runs this may be busy with other things.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10


def test_one_problem_can_be_chosen(handout: Path) -> None:
    _, printed = run_pytest(handout, "-k", "problem_8")
    assert lines(printed, "FAIL") == [info.number for info in PUBLIC if info.problem == 8]


def test_a_missing_corpus_is_named(handout: Path) -> None:
    shutil.rmtree(handout / "data")
    _, printed = run_pytest(handout, "-k", "corpus")
    assert "shakespeare.txt is missing: take it from the handout" in printed


def test_code_that_cannot_be_imported_is_a_sentence_too(handout: Path) -> None:
    (handout / "charlm" / "attention.py").write_text("def attention_scores(q, k)\n    return q\n")
    code, printed = run_pytest(handout, "-k", "problem_7_")
    assert code == 1
    assert "Your code raised SyntaxError: expected ':'" in printed
    assert "attention.py, line 1" in printed
    assert "Traceback" not in printed
