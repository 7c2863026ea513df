"""Problem 9, hidden: the softmax along any dimension, and `softmax_dim` all the way down from the model."""

from __future__ import annotations

import torch

from autograder.checks.compositions import judge_attention, judge_block, judge_head, judge_model
from support.checking import Submission, covers, expect_close, hint, number, requires, weight
from support.reports import input_gradients

SMALLEST = 1e-9  # probability that is looked at


@number("9.6")
@weight(2)
@covers("attention_probs")
@hint("attention_probs: what does your softmax do when no `dim` is given, or -1?")
def test_rows_of_random_scores(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """For masked random scores, with dim=-1 and without a dim, the probabilities of each row are right."""
    for B, T in [(1, 1), (2, 5), (6, 3), (3, 20)]:
        scores = _masked(B, T, rng)
        did = f"turned masked random scores of shape [{B}, {T}, {T}] into probabilities"
        right = reference.attention.attention_probs(scores)
        # Small ones count as well: what may be seen is never quite out of sight.
        expect_close(submission.attention.attention_probs(scores.clone()), right, did, atol=SMALLEST)
        also = f"{did} with dim=-1"
        expect_close(submission.attention.attention_probs(scores.clone(), dim=-1), right, also, atol=SMALLEST)


@number("9.7")
@weight(2)
@covers("attention_probs")
@hint("attention_probs: take the dimension that is given, whichever it is.")
def test_any_dimension(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """The probabilities are right along whichever dimension is given, counted from the front or from the end."""
    for dim in (1, -2, 2, 0):
        for B, T in [(3, 5), (5, 2), (4, 1)]:
            scores = torch.randn(B, T, T, generator=rng) if dim == 0 else _masked(B, T, rng)
            did = f"turned random scores of shape [{B}, {T}, {T}] into probabilities with dim={dim}"
            right = reference.attention.attention_probs(scores, dim)
            expect_close(submission.attention.attention_probs(scores.clone(), dim), right, did)


@number("9.8")
@covers("softmax_dim")
@requires("Head")
@hint("Head.forward: `self.softmax_dim` is there to be used.")
def test_heads_with_softmax_dim_1(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """A head made with softmax_dim=1 returns the right values."""
    for B, T, E, H, ctx_size in [(2, 5, 6, 3, 5), (4, 3, 5, 2, 8)]:
        judge_head(submission, reference, rng, B, T, embed_size=E, head_size=H, ctx_size=ctx_size, softmax_dim=1)


@number("9.9")
@covers("softmax_dim")
@requires("MultiHeadAttention")
@hint("MultiHeadAttention: its heads have been told the softmax_dim. Are they, or what stands for them, using it?")
def test_attention_with_softmax_dim_1(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """Multi-head attention made with softmax_dim=1 returns the right values."""
    judge_attention(submission, reference, rng, 2, 5, embed_size=6, num_heads=3, ctx_size=7, softmax_dim=1)


@number("9.10")
@covers("softmax_dim")
@requires("Block")
@hint("Block: its attention has been told the softmax_dim.")
def test_a_block_with_softmax_dim_1(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """A block made with softmax_dim=1 returns the right values."""
    judge_block(submission, reference, rng, 3, 4, embed_size=8, num_heads=2, ctx_size=6, softmax_dim=1)


@number("9.11")
@covers("softmax_dim")
@requires("TransformerLM")
@hint("TransformerLM: the softmax_dim of the configuration goes from the model to its blocks, and on to every head.")
def test_a_model_with_softmax_dim_1(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """A model whose configuration has softmax_dim=1 returns the right logits."""
    sizes = {"vocab_size": 10, "ctx_size": 7, "embed_size": 8, "num_heads": 2, "num_blocks": 2}
    judge_model(submission, reference, rng, 3, 5, **sizes, softmax_dim=1)


@number("9.12")
@covers("attention_probs")
@hint("attention_probs: use tensor operations from the scores to the result; nothing may be detached or copied out.")
def test_probabilities_pass_the_gradient_on(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """Scores get the gradient of their probabilities, so that they can learn."""
    scores, cotangent = torch.randn(2, 3, 5, 5, generator=rng)
    (mine,), (right,) = (
        input_gradients(handle, handle.attention.attention_probs, cotangent, scores)
        for handle in (submission, reference)
    )
    expect_close(mine, right, "turned random scores into probabilities and looked at the scores' gradient")


def _masked(B: int, T: int, rng: torch.Generator) -> torch.Tensor:
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    return (3 * torch.randn(B, T, T, generator=rng)).masked_fill(future, float("-inf"))
