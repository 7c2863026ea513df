"""Problem 8: no position may see a later one."""

from __future__ import annotations

import torch

from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_finite,
    expect_floats,
    expect_shape,
    hint,
    number,
    requires,
    weight,
)
from support.random_inputs import random_model
from support.reports import inputs_after


@number("8.1")
@weight(2)
@covers("causal_mask")
@hint("causal_mask: a softmax gives probability 0 to a score of -inf. Which entries of [T, T] are the future?")
def test_the_future_gets_probability_zero(submission: Submission) -> None:
    """After a softmax of the masked scores, each position gives probability exactly 0 to every later one."""
    scores = torch.tensor([[[1.0, 5.0, 2.0], [0.0, -1.0, 7.0], [2.0, 2.0, 3.0]]])
    _expect_no_future(submission, scores, torch.ones(3, 3).tril(), "masked scores [1, 3, 3]")


@number("8.2")
@weight(2)
@covers("causal_mask")
@hint("causal_mask: tril is as large as ctx_size. Which corner of it belongs to T positions?")
def test_fewer_positions_than_ctx_size(submission: Submission) -> None:
    """The mask works for every T up to ctx_size, with a tril [ctx_size, ctx_size]."""
    tril = torch.ones(6, 6).tril()
    for B, T in [(2, 4), (3, 1), (1, 5), (4, 2), (2, 6)]:
        scores = torch.arange(float(B * T * T)).view(B, T, T)
        did = f"masked scores [{B}, {T}, {T}] with a tril [6, 6]"
        masked = _expect_no_future(submission, scores, tril, did)
        past = torch.ones(T, T, dtype=torch.bool).tril().expand(B, T, T)
        did = f"{did} and looked at the entries on and below the diagonal"
        expect_close(masked[past], scores[past], did, "the scores as they were")


@number("8.3")
@covers("causal_mask")
@hint("causal_mask: a position may see itself and everything before it; those scores must not change.")
def test_the_past_and_the_present_keep_their_scores(submission: Submission) -> None:
    """On and below the diagonal, the masked scores are the scores."""
    scores = torch.arange(-8.0, 8.0).view(1, 4, 4)
    did = "masked scores [1, 4, 4]"
    masked = expect_shape(submission.attention.causal_mask(scores.clone(), torch.ones(4, 4).tril()), scores.shape, did)
    past = torch.ones(1, 4, 4, dtype=torch.bool).tril()
    did = f"{did} and looked at the entries on and below the diagonal"
    expect_close(masked[past], scores[past], did, "the scores as they were")


@number("8.4")
@covers("causal_mask")
@hint("causal_mask: a value that is only rather small can still win against scores that are smaller.")
def test_no_score_is_large_enough_to_shine_through(submission: Submission) -> None:
    """The future has probability exactly 0 also when its scores are huge and those of the past are tiny."""
    future = torch.ones(1, 3, 3).triu(1) == 1
    scores = torch.where(future, torch.tensor(3e4), torch.tensor(-3e4))
    _expect_no_future(submission, scores, torch.ones(3, 3).tril(), "masked scores of 30000 in the future, -30000 else")


@number("8.5")
@covers("causal_mask")
@hint("causal_mask: which of masked_fill and masked_fill_ returns a new tensor?")
def test_scores_and_tril_are_left_as_they_were(submission: Submission) -> None:
    """Masking changes neither the scores nor the tril that are passed in."""
    scores, tril = torch.arange(9.0).view(1, 3, 3), torch.ones(3, 3).tril()
    seen = inputs_after(submission, submission.attention.causal_mask, scores.clone(), tril.clone())
    for name, before, after in zip(("scores", "tril"), (scores, tril), seen, strict=True):
        expect_close(after, before, f"looked at {name} after the call", "the values that it had before")


@number("8.6")
@covers("causal_mask")
@hint(
    "causal_mask: if 8.1 passes: not every kind of number can be subtracted from 1; every kind can be compared with 0."
)
def test_tril_may_be_of_any_dtype(submission: Submission) -> None:
    """A tril of integers or of truth values masks as well as one of floats, and 2 or 0.5 in it as well as 1."""
    scores, past = torch.zeros(2, 3, 3), torch.ones(3, 3).tril()
    for tril in (past.long(), past.bool(), 2 * past, past / 2):
        kind = str(tril.dtype).removeprefix("torch.")
        did = f"masked scores [2, 3, 3] with a tril of {kind}, with {tril[0, 0].item()} on and below the diagonal"
        masked = _expect_no_future(submission, scores, tril, did)
        did = f"{did}, and looked at the entries on and below the diagonal"
        kept = past.bool().expand(2, 3, 3)
        expect_close(masked[kept], scores[kept], did, "the scores as they were")


@number("8.7")
@weight(2)
@covers("causality")
@requires("TransformerLM")
@hint("Follow one position through the model: in which step does it get anything from another one?")
def test_a_later_token_changes_no_earlier_logit(submission: Submission, rng: torch.Generator) -> None:
    """When one token changes, the logits at all positions before it stay the same, and those at its own change."""
    sizes = {"vocab_size": 7, "ctx_size": 5, "embed_size": 8, "num_heads": 2, "num_blocks": 2}
    model = random_model(submission, rng, **sizes)
    tokens = torch.tensor([[3, 1, 4, 1, 5], [2, 6, 5, 3, 0]])
    before = expect_finite(model(tokens), (2, 5, 7), "ran a model on two sequences of five tokens").double()
    for t in range(1, 5):
        changed = tokens.clone()
        changed[:, t] = (tokens[:, t] + 1) % 7
        after = expect_finite(model(changed), (2, 5, 7), "ran a model on two sequences of five tokens").double()
        did = f"changed the token at position {t}"
        expect_close(after[:, :t], before[:, :t], f"{did} and looked at the logits before it", "what they were")
        expect(not torch.allclose(after[:, t], before[:, t]), did, "other logits at that position", "the same ones")


def _expect_no_future(submission: Submission, scores: torch.Tensor, tril: torch.Tensor, did: str) -> torch.Tensor:
    """Mask the scores, expect probability 0 above the diagonal, and return the masked scores."""
    masked = expect_floats(submission.attention.causal_mask(scores.clone(), tril.clone()), scores.shape, did)
    expect(not bool(masked.isnan().any()), did, "numbers or -inf", "NaN")
    future = torch.ones_like(scores, dtype=torch.bool).triu(1)
    seen = int((masked.softmax(-1)[future] != 0).sum())
    expect(
        seen == 0,
        f"{did}, then took the softmax of each row",
        "probability exactly 0 in every place above the diagonal",
        f"another one in {seen} of {int(future.sum())} places",
    )
    return masked
