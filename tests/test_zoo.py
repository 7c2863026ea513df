"""The zoo's own machinery, on a few checks. `python -m tests.zoo` grades the zoo itself."""

from __future__ import annotations

from tests.patches import Change
from tests.zoo.bench import Bench, Order
from tests.zoo.reach import DRAWN

SCALE = Change("charlm/attention.py", " * head_size**-0.5", "")


def test_a_warm_process_grades_one_submission_after_another_and_says_what_checks_enter() -> None:
    checks = ("4.11", "7.1", "9.1")
    orders = [Order("reference", checks=checks), Order("no scale", (SCALE,), checks=checks)]
    with Bench(1, trace=True) as bench:
        right, wrong = (verdict for _, verdict in bench.grade(orders))
    assert right.outcomes == dict.fromkeys(checks, "passed")
    assert right.reached == {
        "4.11": ["charlm/attention.py attention_scores", DRAWN],
        "7.1": ["charlm/attention.py attention_scores"],
        "9.1": ["charlm/attention.py attention_probs"],
    }
    assert wrong.failed == {"7.1"}
    assert "7.1" in wrong.messages
