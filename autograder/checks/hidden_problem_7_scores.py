"""Problem 7, hidden: scores at other sizes, and their gradient."""

from __future__ import annotations

import torch

from support.checking import ATOL, Submission, covers, expect_close, hint, number, weight
from support.reports import input_gradients


@number("7.7")
@weight(2)
@covers("attention_scores")
@hint("attention_scores: try it on paper with two positions and head_size 1, then with head_size 4.")
def test_scores_of_random_queries_and_keys(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """Small and large queries and keys give the right scores where B, T and H all differ."""
    _compare(submission, reference, rng, [(2, 5, 3), (3, 2, 7), (7, 4, 2), (5, 6, 8)])
    _compare(submission, reference, rng, [(2, 3, 4)], factor=10)


@number("7.8")
@covers("attention_scores")
@hint("attention_scores: no size is special, not 1 and not a large one. Count the dimensions from the end.")
def test_scores_of_single_and_of_many_positions(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """The scores are right for sizes of 1 and for long sequences and batches."""
    _compare(submission, reference, rng, [(1, 1, 1), (1, 6, 1), (4, 1, 3), (1, 70, 24), (40, 9, 16)])


@number("7.9")
@covers("attention_scores")
@hint("attention_scores: if the scores themselves are right, is anything between q, k and them detached or copied out?")
def test_scores_pass_the_gradient_on(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """Queries and keys get the gradient of their scores, so that both projections can learn."""
    B, T, H = 3, 4, 6
    q, k = torch.randn(2, B, T, H, generator=rng)
    cotangent = torch.randn(B, T, T, generator=rng)
    mine, right = (
        input_gradients(handle, handle.attention.attention_scores, cotangent, q, k)
        for handle in (submission, reference)
    )
    for name, gradient, expected in zip(("q", "k"), mine, right, strict=True):
        expect_close(gradient, expected, f"compared random queries and keys and looked at the gradient of {name}")


def _compare(
    submission: Submission,
    reference: Submission,
    rng: torch.Generator,
    sizes: list[tuple[int, int, int]],
    factor: float = 1,
) -> None:
    """With queries and keys that are about as large as `factor`, and a tolerance that grows with their products."""
    for B, T, H in sizes:
        q, k = factor * torch.randn(2, B, T, H, generator=rng)
        did = f"compared random queries with random keys, both of shape [{B}, {T}, {H}]"
        mine = submission.attention.attention_scores(q.clone(), k.clone())
        expect_close(mine, reference.attention.attention_scores(q, k), did, atol=ATOL * factor**2)
