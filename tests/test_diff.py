"""`diff` over the reference, a planted mistake, a correct variant and a crash."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from autograder.diff import subject
from autograder.diff.compare import Verdict
from autograder.diff.differ import Comparison, Differ, Side, reference_side
from autograder.diff.observe import look_at_all
from autograder.diff.rows import first_divergence, first_red
from autograder.diff.stage import Stage, Values
from autograder.diff.subject import Subject
from autograder.diff.tables import as_json, headline, show
from autograder.paths import ROOT
from autograder.sandbox import privileges
from support.checking import CallTimedOut, Submission
from tests.patches import Change, write_patched
from tests.test_commands import run
from tests.zoo.animals import load_mistakes, load_variants

MISTAKES = {mistake.name: mistake.change for mistake in load_mistakes()}
VARIANTS = {variant.name: variant.changes for variant in load_variants() if variant.whole is None}
CRASH = Change(
    "charlm/model.py", "return self.lm_head(", "raise RuntimeError('[red]no[/red]\\x1b[31m')\n        return ("
)
NAP = "__import__('time').sleep(600)\n        "
DAMAGE = (
    Change("charlm/tokenizer.py", "return sorted(set(text))", "__import__('os').abort()"),
    Change(
        "charlm/tokenizer.py",
        "return torch.tensor([index[character] for character in text], dtype=torch.long)",
        "return torch.zeros(1 << 22, dtype=torch.long)",
    ),
    Change("charlm/tokenizer.py", 'return "".join(', 'print("x" * 1_000_000)\n    return "".join('),
    Change("charlm/attention.py", " * head_size**-0.5", " * float('inf')"),
    Change("charlm/attention.py", 'float("-inf"))', 'float("-inf"))[..., 0]'),
    Change("charlm/attention.py", "def attention_probs(", "def attention_probabilities("),
    Change("charlm/model.py", "return self.contract(hidden)", "return type('Odd', (), {})()"),
    Change("charlm/model.py", "was_training = self.training", f"{NAP}was_training = self.training"),
    Change("charlm/training.py", "return F.cross_entropy(", "return float('nan') * F.cross_entropy("),
)
HANGS = Change("charlm/attention.py", "q = self.query(x)", f"{NAP}q = self.query(x)")
TELLS = Change(
    "charlm/tokenizer.py",
    "return sorted(set(text))",
    """import os
    found = str(dict(os.environ))
    try:
        with open("/proc/self/environ") as file:
            found += file.read()
    except OSError:
        pass
    raise ValueError(f"saw the token: {'between-us' in found}")""",
)
STAGES_OF_THE_FLOW = {
    *("vocabulary", "tokens", "embedded", "q_k_v", "scaled", "masked", "probs", "head", "concatenated", "projected"),
    *("residual", "feed_forward", "block", "normed", "logits", "loss", "gradients", "one_step", "draws"),
}


def compared(differ: Differ, folder: Path, *changes: Change) -> Comparison:
    folder.chmod(0o711)
    write_patched(changes, folder / "submission")
    return differ.compare(Side("mine", folder / "submission", reference_side().answers))


@pytest.mark.parametrize(
    ("variant", "unseen"),
    [
        (None, set()),
        ("all_heads_in_one_product", {"q_k_v", "scaled", "masked", "probs", "head"}),
        ("scaled_dot_product_attention", {"scaled", "masked", "probs"}),
        ("heads_by_functional_call_and_vmap", {"q_k_v", "scaled", "masked", "probs", "head"}),
    ],
)
def test_what_is_correct_has_no_red_row(differ: Differ, tmp_path: Path, variant: str | None, unseen: set[str]) -> None:
    comparison = compared(differ, tmp_path, *(VARIANTS[variant] if variant else ()))
    assert first_red(comparison.rows) is None
    assert first_divergence(comparison.rows) is None
    assert {row.id for row in comparison.rows if row.both[-1].verdict is Verdict.NOT_SEEN} == unseen
    assert headline(comparison)[-1].startswith("No difference")


@pytest.mark.parametrize(
    ("mistake", "problem", "stage"),
    [("mask_shows_the_next", 8, "masked"), ("heads_in_reverse", 6, "concatenated")],
)
def test_a_mistake_is_red_where_it_was_made(
    differ: Differ, tmp_path: Path, mistake: str, problem: int, stage: str
) -> None:
    comparison = compared(differ, tmp_path, MISTAKES[mistake])
    red, parting = first_red(comparison.rows), first_divergence(comparison.rows)
    assert red is not None
    assert parting is not None
    assert (red.problem, red.id, parting.id) == (problem, stage, stage)
    assert {row.problem for row in comparison.rows if row.own.verdict is Verdict.DIFFERENT} == {problem}


@pytest.mark.parametrize(
    ("mistake", "stage"),
    [
        ("mask_shows_ones_only", "mask_any_dtype"),
        ("softmax_drops_what_is_small", "probs_large"),
        ("softmax_of_one_position_is_one", "probs_dim_1"),
        ("head_keeps_its_weights_while_evaluating", "head_reweighted"),
        ("heads_in_the_order_of_their_names", "projected"),
        ("attention_learns_in_training_mode_only", "attention_gradient"),
        ("feed_forward_leaves_zeros_alone", "feed_forward"),
        ("loss_is_a_mean_of_means", "loss"),
        ("loss_by_the_logarithm_of_a_softmax", "loss"),
        ("positions_kept_from_the_first_device", "device_moved"),
    ],
)
def test_what_shows_at_unusual_sizes_values_or_modes_is_red(
    differ: Differ, tmp_path: Path, mistake: str, stage: str
) -> None:
    comparison = compared(differ, tmp_path, MISTAKES[mistake])
    assert [row.id for row in comparison.rows if row.own.verdict is Verdict.DIFFERENT] == [stage]


def test_a_crash_is_a_row_and_its_message_is_data(differ: Differ, tmp_path: Path) -> None:
    comparison = compared(differ, tmp_path, CRASH)
    stages = {stage["id"]: stage for stage in as_json(comparison)["stages"]}
    assert stages["logits"]["on_its_own"]["got"].startswith("RuntimeError: [red]no[/red]")
    assert stages["embedded"]["on_its_own"]["verdict"] == "same"
    assert stages["loss"]["in_the_flow"]["verdict"] == "not reached"
    printed = io.StringIO()
    show(comparison, Console(file=printed, width=200, force_terminal=False))
    assert "[red]no[/red]" in printed.getvalue()
    assert "\x1b" not in printed.getvalue()


@pytest.mark.parametrize("width", [50, 200])
def test_every_row_is_printed_however_wide_the_terminal_is(differ: Differ, tmp_path: Path, width: int) -> None:
    comparison = compared(differ, tmp_path, CRASH)
    printed = io.StringIO()
    show(comparison, Console(file=printed, width=width))
    beginnings = [line for line in printed.getvalue().splitlines() if line[2:3].isdigit()]
    assert [line.split()[0] for line in beginnings] == [str(row.problem) for row in comparison.rows]
    assert max(map(len, beginnings)) <= width


def test_a_composition_that_gives_right_parts_something_wrong_is_red(differ: Differ, tmp_path: Path) -> None:
    """With stand-ins for the heads, which have no use for a context, it would be right."""
    right, wrong = "Head(embed_size, head_size, ctx_size,", "Head(embed_size, head_size, embed_size,"
    comparison = compared(differ, tmp_path, Change("charlm/attention.py", right, wrong))
    assert [row.id for row in comparison.rows if row.own.verdict is Verdict.DIFFERENT] == ["projected"]


def test_every_kind_of_damage_is_a_row(differ: Differ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "STAGE_SECONDS", 1.0)
    comparison = compared(differ, tmp_path, *DAMAGE)
    own = {row.id: row.own for row in comparison.rows}
    assert own["vocabulary"].got.startswith("WorkerDied: ")
    assert own["tokens"].got.startswith("Unsendable: ")
    assert own["decode"].verdict is Verdict.SAME  # what it prints is nobody's business
    assert (own["scores"].got, own["scores"].strange) == ("inf", 18)
    assert own["masked"].got == "shape [2, 4]"
    assert own["probs"].got.endswith("there is nothing named 'attention_probs' in charlm/attention.py")
    assert own["feed_forward"].got == "<charlm.model.Odd in the submission>"
    assert (own["loss"].got, own["loss"].verdict) == ("nan", Verdict.DIFFERENT)
    assert own["windows"].got.startswith("TimeoutError: ")
    json.dumps(as_json(comparison), allow_nan=False)
    show(comparison, Console(file=io.StringIO(), width=140))


def test_a_submission_that_always_hangs_takes_a_time_that_is_bounded(
    differ: Differ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = differ.expected  # before time is short: what hangs on both sides would be no difference
    for name, seconds in (("STAGE_SECONDS", 0.5), ("ALL_SECONDS", 1.0), ("LEAST", 0.01)):
        monkeypatch.setattr(subject, name, seconds)
    late, same = set[str](), set[str]()
    # Twice: with so little time it is chance how far one stage comes on a busy machine.
    for turn in ("first", "second"):
        (tmp_path / turn).mkdir()
        tmp_path.chmod(0o711)
        began = time.monotonic()
        comparison = compared(differ, tmp_path / turn, HANGS)
        assert time.monotonic() - began < 60
        late |= {row.id for row in comparison.rows if "TimeoutError" in row.own.got}
        same |= {row.id for row in comparison.rows if row.own.verdict is Verdict.SAME}
    said = {row.id: (row.own.verdict, row.own.got) for row in comparison.rows}
    assert {"head", "head_gradient", "block_untouched"} <= late, said
    # With a stand-in for the part that hangs, these may be quick enough to be right.
    assert {"projected", "block", "logits"} <= late | same, said


def test_what_builds_on_something_that_hangs_is_hurried() -> None:
    noted = dict[str, bool]()

    def stage(name: str, *builds_on: str) -> Stage:
        def look(_: Submission) -> Values:
            noted[name] = side.hurried
            if name == "hangs":
                raise CallTimedOut(["TimeoutError"], "no answer")
            return {}

        return Stage(name, 1, name, look, builds_on=builds_on)

    probes = SimpleNamespace(seed_torch=lambda seed: None)
    side = SimpleNamespace(hurried=False, a_stage=contextlib.nullcontext, probes=probes)
    looks = look_at_all(cast(Subject, side), [stage("hangs"), stage("above", "hangs"), stage("apart", "above")])
    assert noted == {"hangs": False, "above": True, "apart": False}
    assert [look.own.hangs for look in looks.values()] == [True, False, False]


def test_stand_ins_are_tried_only_where_a_stage_is_unlike() -> None:
    tried = list[list[str]]()
    probes = SimpleNamespace(
        seed_torch=lambda seed: None,
        install_doubles=tried.append,
        doubles_were_called=lambda: True,
        remove_doubles=lambda: None,
    )
    side = SimpleNamespace(hurried=False, a_stage=contextlib.nullcontext, probes=probes)
    stages = [Stage(name, 1, name, lambda _: {}, (f"Below_{name}",)) for name in ("like", "unlike")]
    looks = look_at_all(cast(Subject, side), stages, lambda stage, own: stage.id == "unlike")
    assert tried == [["Below_unlike"]]
    assert [look.doubled is not None for look in looks.values()] == [False, True]


def test_the_command_compares_two_submissions(tmp_path: Path) -> None:
    mine = write_patched([MISTAKES["mask_shows_the_next"]], tmp_path / "mine")
    other = write_patched([MISTAKES["heads_in_reverse"]], tmp_path / "other")
    done = run("diff", str(mine), "--against", str(other), "--json", str(tmp_path / "diff.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "First divergence in the flow: problem 8, masked scores (head 0 at [0, 0, 1]): other gives -inf, mine gives"
    )
    assert "Likely cause" not in done.stdout
    written = json.loads((tmp_path / "diff.json").read_text(encoding="utf-8"))
    assert written["first_different_on_its_own"] == "masked"
    assert written["likely_causes"] is None
    assert {"problem", "on_its_own", "in_the_flow"} <= set(written["stages"][0])
    assert {stage["id"] for stage in written["stages"] if stage["in_the_flow"]} >= STAGES_OF_THE_FLOW


def test_student_code_sees_nothing_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_TOKEN", "between-us")
    done = run("diff", str(write_patched([TELLS], tmp_path / "mine")))
    assert done.returncode == 0
    assert "ValueError: saw the token: False" in done.stdout


@pytest.fixture
def enterable() -> Iterator[str]:
    """A folder for temporary files that the worker's user can enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="interrupted-") as folder:
        Path(folder).chmod(0o711)
        yield folder


def test_a_signal_ends_everything(tmp_path: Path, enterable: str) -> None:
    privileges.adopt_orphans()  # what is left behind becomes a child of this process
    temporary = Path(enterable)
    before = children()
    command = [sys.executable, "-m", "autograder", "diff", str(write_patched([HANGS], tmp_path / "mine"))]
    command += ["--json", str(tmp_path / "diff.json")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)
    until = time.monotonic() + 120
    while not list(temporary.glob("*/submission-*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (-signal.SIGINT, False), said
    assert "ended by SIGINT" in said
    assert children() == before
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "diff.json").exists()


def heed_interrupts() -> None:
    """What is started in the background ignores them, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_bad_usage_before_the_work(tmp_path: Path, option: str) -> None:
    began = time.monotonic()
    done = run("diff", "reference", option, str(tmp_path / "nowhere" / "file"))
    assert time.monotonic() - began < 30
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path / 'nowhere' / 'file'} cannot be written: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_as_it_was_when_nothing_could_be_compared(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.html"
    old.write_text("old")
    assert run("diff", "nowhere", "--json", str(old), "--html", str(new)).returncode == 2
    assert (old.read_text(), new.exists()) == ("old", False)


def test_a_path_that_is_no_submission_is_bad_usage() -> None:
    done = run("diff", "reference", "--against", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
