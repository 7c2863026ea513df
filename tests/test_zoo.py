"""The zoo's own machinery, on a few checks. `python -m tests.zoo` grades the zoo itself."""

from __future__ import annotations

import torch
from torch import Tensor

from autograder.paths import REFERENCE
from autograder.sandbox.zygote import Zygote
from tests.patches import Change
from tests.zoo.bench import Bench, Order
from tests.zoo.reach import DRAWN
from tests.zoo.recall import RecallingReference

SCALE = Change("charlm/attention.py", " * head_size**-0.5", "")
ONLY_ONCE = Change(
    "charlm/tokenizer.py",
    "    index = {character: i for i, character in enumerate(vocab)}",
    """    encode.calls = getattr(encode, "calls", 0) + 1
    index = {character: i if encode.calls == 1 else 0 for i, character in enumerate(vocab)}""",
)


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


def test_a_check_does_not_fail_by_what_an_earlier_one_left_behind() -> None:
    once, twice = ("1.3", "1.9"), "1.4"
    with Bench(1) as bench:
        [(_, verdict)] = bench.grade([Order("right the first time", (ONLY_ONCE,), checks=(*once, twice))])
    assert verdict.outcomes == {**dict.fromkeys(once, "passed"), twice: "failed"}


def test_the_reference_is_asked_each_thing_once_and_answers_as_if_it_were_asked_always(zygote: Zygote) -> None:
    with RecallingReference(zygote, REFERENCE, trusted=True) as reference:
        session = reference.session

        def requests() -> int:
            return 0 if session._worker is None else session._worker.requests

        def answers(*factors: float) -> list[Tensor]:
            model = reference.model.FeedForward(4)  # with weights from the random state
            return [model(factor * torch.ones(1, 2, 4)).detach() for factor in factors]

        session.begin(5, "check")
        first = answers(1.0)[0]
        asked, right = requests(), first.clone()
        first.zero_()
        session.begin(5, "check")
        assert torch.equal(answers(1.0)[0], right)
        assert requests() == asked
        session.begin(5, "check")
        recalled = answers(1.0, 2.0)
        assert requests() > asked
        session.begin(6, "check")
        assert not torch.equal(answers(1.0)[0], right)
        session.fresh()
        session.begin(5)
        assert all(map(torch.equal, answers(1.0, 2.0), recalled))
