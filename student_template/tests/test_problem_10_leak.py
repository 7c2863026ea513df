"""Problem 10: what a softmax over the queries lets a position see. The training itself is judged by the grader."""

from __future__ import annotations

import torch

from support.checking import Submission, expect, expect_finite, hint, number, requires
from support.random_inputs import random_model


@number("10.1")
@requires("TransformerLM", "softmax_dim")
@hint("Does the softmax_dim of the model's configuration arrive in attention_probs? Print it there.")
def test_with_softmax_dim_1_a_later_token_changes_earlier_logits(submission: Submission, rng: torch.Generator) -> None:
    """A model made with softmax_dim=1, untrained, shows the leak: earlier logits depend on the last token."""
    sizes = {"vocab_size": 7, "ctx_size": 6, "embed_size": 8, "num_heads": 2, "num_blocks": 1, "softmax_dim": 1}
    model = random_model(submission, rng, **sizes)
    tokens = torch.randint(7, (32, 6), generator=rng)
    did = "ran a model with softmax_dim=1 on 32 sequences of six tokens, then with other last tokens"
    before = expect_finite(model(tokens), (32, 6, 7), did).double()
    tokens[:, 5] = (tokens[:, 5] + 1) % 7
    change = (expect_finite(model(tokens), (32, 6, 7), did).double() - before)[:, :5].abs().max()
    # In 500 draws of weights and tokens the smallest change was 0.16, the median 1.9; without a leak it is rounding.
    expect(float(change) > 1e-4, did, "other logits at positions 0 to 4", "the same ones")
