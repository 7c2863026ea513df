"""Problem 6, hidden: every composition with random weights, and what a model is made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from autograder.checks.compositions import judge_attention, judge_block, judge_head, judge_model
from support.checking import (
    ATOL,
    Submission,
    covers,
    expect,
    expect_close,
    expect_finite,
    hint,
    number,
    requires,
    weight,
)
from support.compose import compose
from support.random_inputs import random_model, random_values, same_weights
from support.replies import parameter_of
from support.reports import inputs_after, parameter_gradients, parameter_shapes


@number("6.9")
@weight(2)
@covers("Head")
@requires("attention_scores", "causal_mask", "attention_probs")
@hint("Head.forward: go through its steps one by one, on a sequence of two or three positions.")
def test_a_head_computes_what_it_should(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """With random weights, a head returns the right values, at any sizes, and other ones when its weights change."""
    for B, T, E, H, ctx_size in [(1, 1, 3, 2, 1), (2, 3, 5, 4, 7), (3, 6, 4, 1, 6), (5, 9, 8, 3, 12)]:
        judge_head(submission, reference, rng, B, T, embed_size=E, head_size=H, ctx_size=ctx_size)

    def change() -> None:
        head, x = submission.attention.Head(5, 4, 7), torch.randn(2, 3, 5, generator=rng)
        head.eval()  # where whoever keeps weights in a form of his own sees no need to look again
        before = expect_finite(head(x), (2, 3, 4), "ran a head in eval mode on x of shape [2, 3, 5]").double()
        submission.probes.set_parameters(head, {"value.weight": torch.randn(4, 5, generator=rng)})
        did = "ran a head in eval mode, gave it other weights for the values and ran it again"
        after = expect_finite(head(x), (2, 3, 4), did).double()
        expect(not torch.allclose(after, before), did, "other values", "the same ones")

    parts = ["attention_scores", "causal_mask", "attention_probs"]
    compose(submission, own=change, doubled=change, replaced=parts)


@number("6.10")
@weight(2)
@covers("MultiHeadAttention")
@requires("Head")
@hint("MultiHeadAttention.forward: work out by hand what two heads of size 1 give, before and after `proj`.")
def test_attention_with_any_number_of_heads(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """With random weights, one head, several, and heads of size 1 return the right values."""
    for B, T, E, num_heads, ctx_size in [(1, 1, 4, 1, 2), (2, 5, 12, 12, 5), (3, 7, 8, 2, 9), (5, 4, 12, 3, 4)]:
        judge_attention(submission, reference, rng, B, T, embed_size=E, num_heads=num_heads, ctx_size=ctx_size)


@number("6.11")
@covers("FeedForward")
@hint("FeedForward.forward: expand, ReLU, contract, and nothing else, nor anything behind autograd's back.")
def test_feed_forward_computes_what_it_should(
    submission: Submission, reference: Submission, rng: torch.Generator
) -> None:
    """With random weights, the feed-forward layer gives the right values, and its parameters the right gradients."""
    for B, T, E, factor in [(1, 1, 1, 1), (2, 5, 3, 20), (4, 3, 16, 1)]:
        mine, right = submission.model.FeedForward(E), reference.model.FeedForward(E)
        same_weights(submission, mine, reference, right, rng)
        x = factor * torch.randn(B, T, E, generator=rng)
        x[:, 1:2] = 0
        zeros = ", zeros at position 1" if T > 1 else ""
        did = f"ran a feed-forward layer with random weights on x of shape [{B}, {T}, {E}]{zeros}"
        expect_close(mine(x.clone()), right(x), did, atol=ATOL * factor)
    mine, right = submission.model.FeedForward(4), reference.model.FeedForward(4)
    same_weights(submission, mine, reference, right, rng)
    x, cotangent = torch.randn(3, 5, 4, generator=rng), torch.randn(3, 5, 4, generator=rng)
    did = "followed the result of a feed-forward layer back to its parameters"
    found = parameter_gradients(submission, mine, x, cotangent)
    for name, gradient in parameter_gradients(reference, right, x, cotangent).items():
        expect_close(parameter_of(found, name, gradient.shape, did), gradient, did, atol=ATOL * 10)


@number("6.12")
@weight(2)
@covers("Block")
@requires("MultiHeadAttention", "FeedForward")
@hint("Block.forward: there are two sums and two norms. Draw which of them reads what.")
def test_a_block_computes_what_it_should(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """With random weights, a block returns the right values, at any sizes."""
    for B, T, E, num_heads, ctx_size in [(1, 1, 8, 1, 3), (2, 5, 6, 2, 5), (3, 4, 12, 3, 9)]:
        judge_block(submission, reference, rng, B, T, embed_size=E, num_heads=num_heads, ctx_size=ctx_size)


@number("6.13")
@weight(2)
@requires("TransformerLM")
@hint("TransformerLM.forward: both embeddings, every block in its order, the final norm, lm_head.")
def test_a_model_computes_what_it_should(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """With random weights, models of one, two and three blocks return the right logits."""
    for B, T, ctx_size, E, num_heads, num_blocks in [(1, 1, 4, 8, 1, 1), (2, 6, 6, 12, 3, 2), (3, 4, 9, 8, 2, 3)]:
        sizes = {"vocab_size": 11, "ctx_size": ctx_size, "embed_size": E, "num_heads": num_heads}
        judge_model(submission, reference, rng, B, T, **sizes, num_blocks=num_blocks)


@number("6.14")
@covers("MultiHeadAttention")
@requires("Head")
@hint("MultiHeadAttention.forward: each head has its own weights, and its own place in the result.")
def test_each_head_minds_its_own_features(submission: Submission, rng: torch.Generator) -> None:
    """Other weights in one head change that head's part of the result before `proj`, and no other part."""

    def run() -> None:
        attention = submission.attention.MultiHeadAttention(8, 4, 6)
        values = random_values(parameter_shapes(submission, attention), rng)
        submission.probes.set_parameters(attention, values | {"proj.weight": torch.eye(8)})
        x = torch.randn(3, 5, 8, generator=rng)
        before = expect_finite(attention(x), (3, 5, 8), "ran four heads of size 2").double()
        did = "looked at the parameters of four heads of size 2"
        for k in range(4):
            name = f"heads.{k}.value.weight"
            parameter_of(values, name, (2, 8), did)
            submission.probes.set_parameters(attention, {name: values[name] + 1.0})
            after = expect_finite(attention(x), (3, 5, 8), "ran four heads of size 2").double()
            submission.probes.set_parameters(attention, {name: values[name]})
            parts = zip(before.chunk(4, dim=-1), after.chunk(4, dim=-1), strict=True)
            changed = [j for j, (one, other) in enumerate(parts) if not torch.allclose(one, other)]
            expect(
                changed == [k],
                f"changed the values of head {k} of four, whose `proj` is the identity",
                f"other numbers in the part of head {k} only",
                f"other numbers in the parts of {changed or 'no head'}",
            )

    compose(submission, own=run, doubled=run, replaced=["Head"])


@number("6.15")
@covers("Block", "FeedForward")
@requires("MultiHeadAttention")
@hint("`x = x + y` makes a new tensor, `x += y` writes into the one that was passed in.")
def test_block_and_feed_forward_leave_their_input_alone(submission: Submission, rng: torch.Generator) -> None:
    """The x that goes into a block or a feed-forward layer is the same afterwards."""

    def run() -> None:
        for name, module in [
            ("a block", submission.model.Block(8, 2, 5)),
            ("FeedForward", submission.model.FeedForward(8)),
        ]:
            x = torch.randn(2, 5, 8, generator=rng)
            (after,) = inputs_after(submission, module, x.clone())
            expect_close(after, x, f"looked at x after it went through {name}", "the values that it had before")

    compose(submission, own=run, doubled=run, replaced=["MultiHeadAttention"])


@number("6.16")
@requires("TransformerLM")
@hint("The template's __init__ methods make all the layers that are needed: no more, no fewer.")
def test_a_model_has_the_right_number_of_parameters(submission: Submission, reference: Submission) -> None:
    """However many heads and blocks there are, a model that runs has exactly the parameters of its layers."""
    for V, E, num_heads, num_blocks in [(5, 4, 1, 1), (66, 32, 4, 2), (9, 12, 3, 3)]:
        sizes = {"vocab_size": V, "ctx_size": 6, "embed_size": E, "num_heads": num_heads, "num_blocks": num_blocks}
        counts, sorted_shapes = [], []
        for handle in (submission, reference):
            model = handle.model.TransformerLM(handle.model.ModelConfig(**sizes))
            model(torch.zeros(1, 6, dtype=torch.long))
            shapes = [tuple(shape) for shape in parameter_shapes(handle, model).values()]
            counts.append(sum(math.prod(shape) for shape in shapes))
            sorted_shapes.append(sorted(shapes))
        did = f"counted the parameters of a model with embed_size={E}, num_heads={num_heads}, num_blocks={num_blocks}"
        expect(counts[0] == counts[1], did, f"{counts[1]}", f"{counts[0]}")
        same = sorted_shapes[0] == sorted_shapes[1]
        expect(same, did, "the shapes of that many heads and blocks", "as many numbers in other shapes")


@number("6.17")
@requires("TransformerLM")
@hint("A layer that is not used, or a tensor that was detached, learns nothing.")
def test_every_parameter_can_learn(submission: Submission, rng: torch.Generator) -> None:
    """In either mode, every parameter of a model gets a gradient from its logits."""
    sizes = {"vocab_size": 9, "ctx_size": 6, "embed_size": 12, "num_heads": 3, "num_blocks": 2}
    model = random_model(submission, rng, **sizes)
    tokens = torch.randint(9, (4, 6), generator=rng)
    for mode in ("train", "eval"):
        model.train(mode == "train")
        found = parameter_gradients(submission, model, tokens, torch.randn(4, 6, 9, generator=rng))
        still = sorted(name for name, gradient in found.items() if not _moves(gradient))
        did = f"ran a model in {mode} mode and followed its logits back to its parameters"
        expect(not still, did, "a gradient for every parameter", f"none for {', '.join(still[:4])}")


def _moves(gradient: Tensor) -> bool:
    return bool(gradient.isfinite().all()) and bool((gradient != 0).any())
