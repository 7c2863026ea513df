"""`diff` over the reference, a planted mistake, a correct variant and a crash."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from autograder.diff.compare import Verdict
from autograder.diff.differ import Comparison, Differ, Side, reference_side
from autograder.diff.rows import first_divergence, first_red
from autograder.diff.tables import as_json, headline, show
from autograder.sandbox.zygote import Zygote
from tests.patches import Change, write_patched
from tests.test_commands import run
from tests.zoo.animals import load_mistakes, load_variants

MISTAKES = {mistake.name: mistake.change for mistake in load_mistakes()}
VARIANTS = {variant.name: variant.changes for variant in load_variants() if variant.whole is None}
CRASH = Change(
    "charlm/model.py", "return self.lm_head(", "raise RuntimeError('[red]no[/red]\\x1b[31m')\n        return ("
)


@pytest.fixture(scope="module")
def differ() -> Iterator[Differ]:
    with Zygote.start_apart() as zygote:
        yield Differ(zygote, reference_side())


def compared(differ: Differ, folder: Path, *changes: Change) -> Comparison:
    folder.chmod(0o711)
    write_patched(changes, folder / "submission")
    return differ.compare(Side("mine", folder / "submission", reference_side().answers))


@pytest.mark.parametrize("variant", [None, "all_heads_in_one_product"])
def test_what_is_correct_has_no_red_row(differ: Differ, tmp_path: Path, variant: str | None) -> None:
    comparison = compared(differ, tmp_path, *(VARIANTS[variant] if variant else ()))
    assert first_red(comparison.rows) is None
    assert first_divergence(comparison.rows) is None
    assert "No difference" in headline(comparison)[-1]


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


def test_the_command_compares_two_submissions(tmp_path: Path) -> None:
    mine = write_patched([MISTAKES["mask_shows_the_next"]], tmp_path / "mine")
    done = run("diff", str(mine), "--against", str(mine), "--json", str(tmp_path / "diff.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No difference")
    written = json.loads((tmp_path / "diff.json").read_text(encoding="utf-8"))
    assert written["first_different_on_its_own"] is None
    assert len(written["stages"]) > 50


def test_a_path_that_is_no_submission_is_bad_usage() -> None:
    done = run("diff", "reference", "--against", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
