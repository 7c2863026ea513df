"""Problem 10: what a softmax over the queries lets a position see. The training itself is judged by the grader."""

from __future__ import annotations

import torch

from support.checking import Submission, covers, expect, expect_shape, hint, number, requires
from support.random_inputs import random_model


@number("10.1")
@covers("TransformerLM")
@requires("attention_scores", "causal_mask", "attention_probs", "Head", "MultiHeadAttention", "FeedForward", "Block")
@hint("Does the softmax_dim of the model's configuration arrive in attention_probs? Print it there.")
def test_with_softmax_dim_1_a_later_token_changes_earlier_logits(submission: Submission, rng: torch.Generator) -> None:
    """A model made with softmax_dim=1, untrained, shows the leak: the first logits depend on the last token."""
    sizes = {"vocab_size": 7, "ctx_size": 6, "embed_size": 8, "num_heads": 2, "num_blocks": 1, "softmax_dim": 1}
    model = random_model(submission, rng, **sizes)
    tokens = torch.tensor([[3, 1, 4, 1, 5, 2]])
    did = "ran a model with softmax_dim=1 on six tokens"
    before = expect_shape(model(tokens), (1, 6, 7), did).clone()
    tokens[0, 5] = 6
    change = (expect_shape(model(tokens), (1, 6, 7), did) - before)[:, 0].abs().max()
    # Over random weights this change is about 0.1; without a leak it is 0, or rounding of about 1e-7.
    expect(float(change) > 1e-5, f"{did}, then with another last token", "other logits at position 0", "the same ones")
