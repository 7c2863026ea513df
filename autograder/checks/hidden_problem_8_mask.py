"""Problem 8, hidden: random scores, and models in which the future must stay hidden."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_finite,
    expect_floats,
    hint,
    number,
    requires,
    weight,
)
from support.random_inputs import random_model
from support.replies import parameter_of
from support.reports import input_gradients, parameter_gradients

SIZES = (  # of models: heads of several sizes, one block and more
    {"vocab_size": 9, "ctx_size": 6, "embed_size": 8, "num_heads": 1, "num_blocks": 1},
    {"vocab_size": 13, "ctx_size": 9, "embed_size": 12, "num_heads": 4, "num_blocks": 3},
)


@number("8.8")
@weight(2)
@covers("causal_mask")
@hint("causal_mask: row i belongs to query i, column j to key j. Which pairs are the future?")
def test_the_softmax_of_masked_scores_is_right(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """For random scores of ctx_size positions, the probabilities are right, and exactly 0 in the future."""
    for B, T in [(1, 1), (3, 2), (2, 7), (5, 16)]:
        _compare(submission, reference, 4 * torch.randn(B, T, T, generator=rng), torch.ones(T, T).tril())


@number("8.9")
@weight(2)
@covers("causal_mask")
@hint("causal_mask: how many rows and columns of tril are needed for the scores at hand?")
def test_the_softmax_of_fewer_positions_is_right(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """With fewer positions than ctx_size, down to one, the probabilities are right, and exactly 0 in the future."""
    for B, T, ctx_size in [(1, 1, 8), (4, 3, 5), (2, 6, 7), (3, 5, 64)]:
        _compare(submission, reference, 4 * torch.randn(B, T, T, generator=rng), torch.ones(ctx_size, ctx_size).tril())


@number("8.10")
@weight(2)
@covers("causality")
@requires("TransformerLM")
@hint("Follow one position through the model: in which step does it get anything from another one?")
def test_no_model_looks_ahead(submission: Submission, rng: torch.Generator) -> None:
    """In either mode, replacing everything after a position leaves the logits up to there unchanged."""
    models = [(sizes, random_model(submission, rng, **sizes)) for sizes in SIZES]
    for (sizes, model), mode in itertools.product(models, ("train", "eval")):
        model.train(mode == "train")
        V, T = sizes["vocab_size"], sizes["ctx_size"]
        tokens, later = torch.randint(V, (3, T), generator=rng), torch.randint(V, (T, 3, T), generator=rng)
        kept = torch.ones(T, T, dtype=torch.bool).tril().unsqueeze(1)  # 1, 2, … tokens of a text, and all in the last
        texts = torch.where(kept, tokens, later).flatten(0, 1)
        did = f"ran a model in {mode} mode on tokens {list(texts.shape)}"
        logits = expect_finite(model(texts), (3 * T, T, V), did).reshape(T, 3, T, V)
        for t in range(1, T):
            did = f"replaced the tokens from position {t} on and looked at the logits before it"
            expect_close(logits[t - 1, :, :t], logits[-1, :, :t], did, "what they were")


@number("8.11")
@covers("causality")
@requires("TransformerLM")
@hint("The logits at a position come from the tokens up to there. Does the mask come before the softmax?")
def test_no_gradient_reaches_the_future(submission: Submission, rng: torch.Generator) -> None:
    """The logits at a position have gradient exactly 0 with respect to every later token's embedding."""
    name = "token_embedding.weight"
    for sizes in SIZES:
        T = sizes["ctx_size"]
        V = T * T  # no token comes twice, so that each place of each text has its own row of the embedding
        model = random_model(submission, rng, **{**sizes, "vocab_size": V})
        texts = torch.randperm(V, generator=rng).view(T, T)
        cotangent = torch.zeros(T, T, V)  # of each text one position's
        for t in range(T):
            cotangent[t, t] = torch.randn(V, generator=rng)
        found = parameter_gradients(submission, model, texts, cotangent)
        did = "followed the logits at one position of each text back to the embeddings of the tokens"
        gradient = parameter_of(found, name, (V, sizes["embed_size"]), did)
        for t in range(T):
            did = f"followed the logits at position {t} of {T} back to the embeddings of the tokens"
            reached = [i for i in range(T) if bool((gradient[texts[t, i]] != 0).any())]
            expect(
                reached == list(range(t + 1)),
                did,
                f"a gradient at the positions 0 to {t}, and exactly 0 after them",
                f"one at the positions {reached}",
            )


@number("8.12")
@covers("causality")
@requires("TransformerLM")
@hint("What a model says about a position may depend on neither the rest of the text nor the length of it.")
def test_a_beginning_is_read_alone_as_in_the_whole_text(submission: Submission, rng: torch.Generator) -> None:
    """The first T tokens alone give the logits that they give within a longer text."""
    for sizes in SIZES:
        model = random_model(submission, rng, **sizes)
        V, ctx_size = sizes["vocab_size"], sizes["ctx_size"]
        tokens = torch.randint(V, (2, ctx_size), generator=rng)
        whole = expect_finite(
            model(tokens), (2, ctx_size, V), f"ran a model on tokens of shape [2, {ctx_size}]"
        ).clone()
        for T in range(1, ctx_size):
            did = f"ran it on the first {T} of {ctx_size} tokens alone"
            expect_close(model(tokens[:, :T].clone()), whole[:, :T], did, "the logits that they have in the whole text")


@number("8.13")
@covers("causal_mask")
@hint("causal_mask: use tensor operations from the scores to the result; nothing may be detached or copied out.")
def test_the_mask_passes_the_gradient_on(submission: Submission, rng: torch.Generator) -> None:
    """What is not in the future keeps its gradient, so that the scores can learn."""
    for B, T, ctx_size in [(2, 5, 5), (3, 4, 7)]:
        scores, cotangent = torch.randn(2, B, T, T, generator=rng)
        tril = torch.ones(ctx_size, ctx_size).tril()
        gradient, _ = input_gradients(submission, submission.attention.causal_mask, cotangent, scores, tril)
        did = "masked random scores and looked at their gradient, on and below the diagonal"
        gradient = expect_floats(gradient, scores.shape, did)
        expect_close(gradient.tril(), cotangent.tril(), did)


def _compare(submission: Submission, reference: Submission, scores: Tensor, tril: Tensor) -> None:
    did = f"masked random scores of shape {list(scores.shape)} with a tril of shape {list(tril.shape)}"
    masked = expect_floats(submission.attention.causal_mask(scores.clone(), tril.clone()), scores.shape, did)
    did = f"{did}, then took the softmax of each row"
    probs = masked.softmax(-1)
    expect_close(probs, reference.attention.causal_mask(scores, tril).softmax(-1).to(probs.dtype), did)
    future = torch.ones_like(scores, dtype=torch.bool).triu(1)
    seen = int((probs[future] != 0).sum())
    expect(seen == 0, did, "exactly 0 in the future", f"another probability in {seen} of {int(future.sum())} places")
