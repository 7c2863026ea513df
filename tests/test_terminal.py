"""The report on the terminal."""

import io
import re

from rich.console import Console

from autograder.results.terminal import TerminalReport
from support.outcomes import Outcome, Record
from tests.made_up_runs import FACTS, FUTURE, HEAD, MASK, RUNS, printed, with_future


def test_the_terminal_shows_points_by_problem_causes_first_and_the_facts() -> None:
    out = printed([*RUNS["blocked"][0][1:], Record(HEAD, Outcome.BLOCKED, "Fix first: causal_mask (check 8.1).\nx")])
    assert re.search(r"8\D+1 of 2\D+0\.2 of 0\.3\b", out)
    assert re.search(r"all\D+1 of 3\D+0\.2 of 3\.63\b", out)
    assert out.index("8.1 masked scores: failed, 0 of 0.1 points") < out.index("Blocked by the above")
    assert out.index("Blocked by the above") < out.index("6.10 one head: blocked, 0 of 3.33 points")
    assert "Hint: Compare `tril[:T, :T]` with 0" in out
    for fact in ("2.4123", "cpu", str(2**62 + 1), "12.3 s", "torch 2.13.0", "abababababab"):
        assert fact in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_terminal_lists_stubs_briefly() -> None:
    said = "not implemented yet: problem 8: causal_mask"
    out = printed([Record(item, Outcome.FAILED, said, stub=True) for item in (MASK, FUTURE)])
    assert f"{said} (checks 8.1, 8.2)" in out
    assert "Hint" not in out


def test_the_terminal_says_not_graded_with_the_reason() -> None:
    out = printed(*RUNS["grader_error_outside_of_checks"])
    assert "NOT GRADED" in out
    assert "zygote died" in out
    for part in ("NOT GRADED", "KeyError"):
        assert part in printed(*RUNS["grader_error"])


def test_the_terminal_prints_a_refusal() -> None:
    file = io.StringIO()
    TerminalReport(Console(file=file, width=100)).refusal(["charlm/[red]model.py[/] is missing: add it."], FACTS)
    assert "charlm/[red]model.py[/] is missing: add it." in file.getvalue()


def test_a_log_with_a_small_alphabet_still_gets_the_report() -> None:
    assert "na?ve" in printed(with_future(Outcome.FAILED, "naïve ∂ …"), encoding="ascii")
