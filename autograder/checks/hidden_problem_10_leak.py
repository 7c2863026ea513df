"""Problem 10, hidden: what `softmax_dim=1` lets a position see, told from untrained models."""

from __future__ import annotations

import torch

from support.checking import Submission, expect, expect_close, expect_finite, hint, number, requires
from support.random_inputs import random_model
from support.replies import parameter_of
from support.reports import parameter_gradients

SIZES = {"vocab_size": 11, "ctx_size": 7, "embed_size": 12, "num_heads": 3, "num_blocks": 2}


@number("10.2")
@requires("TransformerLM", "softmax_dim")
@hint("Does the softmax_dim of the model's configuration arrive in attention_probs? Print it there.")
def test_with_softmax_dim_1_every_position_sees_every_later_one(submission: Submission, rng: torch.Generator) -> None:
    """With softmax_dim=1 the logits at each position have a gradient at every token, also at the later ones."""
    name = "token_embedding.weight"
    model = random_model(submission, rng, **{**SIZES, "vocab_size": 49}, softmax_dim=1)
    # No token comes twice, so that each place of each text has its own row of the embedding.
    texts = torch.randperm(49, generator=rng).view(7, 7)
    cotangent = torch.zeros(7, 7, 49)  # of each text one position's
    for t in range(7):
        cotangent[t, t] = torch.randn(49, generator=rng)
    found = parameter_gradients(submission, model, texts, cotangent)
    did = "followed the logits at one position of each text back to the embeddings, in a model with softmax_dim=1"
    gradient = parameter_of(found, name, (49, 12), did)
    for t in range(7):
        did = f"followed the logits at position {t} of 7 back to the embeddings, in a model with softmax_dim=1"
        unseen = [i for i in range(7) if not bool((gradient[texts[t, i]] != 0).any())]
        expect(not unseen, did, "a gradient at every position", f"none at {unseen}")


@number("10.3")
@requires("TransformerLM", "softmax_dim")
@hint("While it generates, a model is shown a beginning only. With softmax_dim=1, is that what it saw in training?")
def test_with_softmax_dim_1_a_beginning_alone_reads_otherwise(submission: Submission, rng: torch.Generator) -> None:
    """With softmax_dim=1 a beginning gives other logits alone than within the text that it begins."""
    model = random_model(submission, rng, **SIZES, softmax_dim=1)
    tokens = torch.randint(11, (32, 7), generator=rng)
    whole = expect_finite(model(tokens), (32, 7, 11), "ran a model with softmax_dim=1 on 32 sequences").double()
    for T in range(1, 7):
        did = f"ran a model with softmax_dim=1 on the first {T} of 7 tokens alone"
        alone = expect_finite(model(tokens[:, :T].clone()), (32, T, 11), did).double()
        change = float((alone - whole[:, :T]).abs().max())
        # In 500 draws the smallest change was 0.55, the median 2.4; without a leak it is rounding.
        expect(change > 1e-4, did, "other logits than within the whole text", "the same ones")


@number("10.4")
@requires("TransformerLM", "softmax_dim")
@hint("dim=1 of [B, T, T] is not the batch. Is anything in your model summed over the batch?")
def test_with_softmax_dim_1_sequences_do_not_see_each_other(submission: Submission, rng: torch.Generator) -> None:
    """With softmax_dim=1 too, each sequence of a batch gets the logits that it gets alone."""
    model = random_model(submission, rng, **SIZES, softmax_dim=1)
    tokens = torch.randint(11, (4, 7), generator=rng)
    batch = expect_finite(model(tokens), (4, 7, 11), "ran a model with softmax_dim=1 on four sequences").clone()
    for b in range(4):
        did = f"ran it on sequence {b} of the four alone"
        expect_close(model(tokens[b : b + 1].clone()), batch[b : b + 1], did, "the logits that it has among the four")
