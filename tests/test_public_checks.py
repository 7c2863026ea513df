"""What a student sees: plain `pytest` in the template's folder, without the grader."""

from __future__ import annotations

import io
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.handout import collect, zipped
from autograder.paths import REFERENCE

CATALOGUE = load_catalogue()
PUBLIC = [info for info in CATALOGUE.checks if info.number not in CATALOGUE.hidden]


@pytest.fixture
def handout(tmp_path: Path) -> Path:
    """The handout as a student unpacks it."""
    with zipfile.ZipFile(io.BytesIO(zipped(collect()))) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "homework"


def run_pytest(folder: Path, *arguments: str, interpreter: Iterable[str] = ()) -> tuple[int, str]:
    """Run as a student would: no variable of ours, and nothing of the project on the path."""
    done = subprocess.run(
        [sys.executable, *interpreter, "-m", "pytest", *arguments],
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


def test_untouched_template_fails_every_check_and_lists_what_is_to_be_written(handout: Path) -> None:
    code, printed = run_pytest(handout)
    assert code == 1
    assert lines(printed, "todo") == [info.number for info in PUBLIC]
    assert "Traceback" not in printed
    assert re.fullmatch(rf"{len(PUBLIC)} to do in [\d.]+s.*", printed.splitlines()[-1])
    stubs = re.findall(r'NotImplementedError\("(problem \d+: .*)"\)', source(handout))
    assert len(stubs) > 10
    assert [stub for stub in stubs if f"\n{stub}  (for check" not in printed] == []
    assert printed.count("\nanswers.toml  (for checks 2.30, 3.30, ") == 1
    assert len(printed.splitlines()) < len(PUBLIC) + 50


def source(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((folder / "charlm").glob("*.py")))


@pytest.mark.alone
def test_reference_passes_every_check_within_ten_seconds(handout: Path) -> None:
    finished(handout)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code, printed = run_pytest(handout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (code, lines(printed, "ok")) == (0, [info.number for info in PUBLIC]), printed
    assert "All of these pass. The grader has checks on other inputs, too" in printed
    # Time of the processor, not of the clock: the machine that runs this may be busy with other things.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10


@pytest.mark.parametrize(("chosen", "problems"), [("problem_1", {1}), ("problem_8 or problem_1", {1, 8})])
def test_problems_can_be_chosen(handout: Path, chosen: str, problems: set[int]) -> None:
    _, printed = run_pytest(handout, "-k", chosen)
    assert lines(printed, "todo") == [info.number for info in PUBLIC if info.problem in problems]


MASKS_NOTHING = "\n\ndef causal_mask(scores, tril):\n    return scores.clone()\n"


def finished(handout: Path) -> Path:
    shutil.copytree(REFERENCE / "charlm", handout / "charlm", dirs_exist_ok=True)
    shutil.copy(REFERENCE / "answers.toml", handout)
    return handout


def test_mistakes_come_with_sentence_and_hint_causes_first(handout: Path) -> None:
    """A mask that hides nothing, and the model that is built on it: one to repair, the other afterwards."""
    module = finished(handout) / "charlm" / "attention.py"
    module.write_text(module.read_text(encoding="utf-8") + MASKS_NOTHING, encoding="utf-8")
    answers = (handout / "answers.toml").read_text(encoding="utf-8")
    (handout / "answers.toml").write_text(answers.replace('"ln V"', '"e V"'), encoding="utf-8")
    code, printed = run_pytest(handout)
    failed = lines(printed, "FAIL")
    repair, _, after = printed.partition("= afterwards =")
    own = [number for number in failed if f"\n{number}  {CATALOGUE.by_number[number].sentence}\n" in repair]
    blocked = [number for number in failed if f"\n{number}  {CATALOGUE.by_number[number].sentence}\n" in after]
    assert (code, sorted(own + blocked), own[0]) == (1, sorted(failed), "2.30")
    assert {"8.1", "8.2"} <= set(own)
    assert "8.7" in blocked
    assert "Fix first: causal_mask (check 8.1)." in after
    for number in own:
        assert f"    Hint: {CATALOGUE.by_number[number].hint}\n" in repair
    assert not re.search(r"support|autograder|Traceback|\.py:\d", printed)
    assert re.search(r"problem  9  softmax axis  +#{20}  6 of 6\n", printed)


def test_what_a_check_leaves_switched_off_is_its_own_failure_only(handout: Path) -> None:
    module = finished(handout) / "charlm" / "model.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace("with torch.no_grad():", "torch.set_grad_enabled(False)\n        if True:"))
    _, printed = run_pytest(handout)
    assert lines(printed, "FAIL") == ["3.10"]


def test_a_fault_of_the_checks_is_not_laid_on_the_student(handout: Path) -> None:
    module = handout / "tests" / "test_problem_8_mask.py"
    module.write_text(module.read_text(encoding="utf-8").replace("torch.arange(9.0)", "torch.arrange(9.0)"))
    code, printed = run_pytest(finished(handout), "-k", "problem_8")
    assert code == 1
    assert "module 'torch' has no attribute 'arrange'" in printed
    assert "= to repair =" not in printed


def test_what_an_old_pytorch_cannot_check_is_skipped_with_a_sentence(handout: Path) -> None:
    module = finished(handout) / "tests" / "support" / "simulated_device.py"
    module.write_text(module.read_text(encoding="utf-8").replace("_setup_privateuseone_", "_not_yet_"))
    code, printed = run_pytest(handout, "-k", "problem_4")
    assert (code, lines(printed, "FAIL")) == (0, [])
    skipped = ", ".join(lines(printed, "skip")[:8])
    assert skipped.startswith("4.1, 4.2, ")
    assert f" cannot simulate an accelerator: install a newer one, such as 2.13  (for checks {skipped}, …)\n" in printed


def test_a_missing_corpus_is_named(handout: Path) -> None:
    shutil.rmtree(handout / "data")
    _, printed = run_pytest(handout, "-k", "corpus")
    assert "shakespeare.txt is missing: take it from the handout" in printed


def test_answers_that_cannot_be_read_are_a_sentence_too(handout: Path) -> None:
    (handout / "answers.toml").write_text("[problem_2]\nfirst_loss = ln V\n")
    code, printed = run_pytest(handout, "-k", "answered and problem_2")
    assert code == 1
    assert "Got: answers.toml cannot be read: Invalid value (at line 2, column 14)." in printed
    assert "Hint: answers.toml: copy one of the listed answers, exactly, between the quotes." in printed
    assert "Traceback" not in printed


def test_a_function_under_another_name_is_a_sentence_too(handout: Path) -> None:
    module = finished(handout) / "charlm" / "tokenizer.py"
    module.write_text(module.read_text(encoding="utf-8").replace("def get_vocab", "def getVocab"))
    code, printed = run_pytest(handout, "-k", "sorted_and_distinct")
    assert code == 1
    assert "There is nothing named 'get_vocab' in charlm/tokenizer.py." in printed
    assert "Hint: The checks find your code by the template's names" in printed


def test_code_that_cannot_be_imported_is_a_sentence_too(handout: Path) -> None:
    (handout / "charlm" / "attention.py").write_text("def attention_scores(q, k)\n    return q\n")
    code, printed = run_pytest(handout, "-k", "problem_7_")
    assert code == 1
    assert "Your code raised SyntaxError: expected ':'" in printed
    assert "attention.py, line 1" in printed
    assert "Hint: As long as Python cannot import a file" in printed
    assert "Traceback" not in printed
