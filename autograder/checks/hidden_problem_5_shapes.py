"""Problem 5, hidden: batches, losses and logits at other sizes, and by value."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from support import doubles
from support.chance import expect_frequencies
from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_equal,
    expect_finite,
    expect_shape,
    hint,
    number,
    requires,
    weight,
)
from support.compose import compose
from support.reports import Batches, batches, parameter_shapes


def _seed(rng: torch.Generator) -> int:
    return int(torch.randint(2**31, (), generator=rng))


def _draw(
    submission: Submission, tokens: Tensor, batch_size: int, ctx_size: int, times: int, **options: Any
) -> Batches:
    return batches(submission, submission.data.get_batch, tokens, batch_size, ctx_size, times, **options)


@number("5.14")
@covers("get_batch")
@hint("Try a batch of one row and a context of one token.")
def test_batches_of_any_size(submission: Submission, rng: torch.Generator) -> None:
    """For any sizes, rows of X are runs of the text, and y has the token after each."""
    for n, batch_size, ctx_size in ((2, 1, 1), (30, 1, 6), (40, 9, 1), (50, 4, 13), (700, 16, 32)):
        tokens = torch.randperm(10 * n, generator=rng)[:n]
        seen = _draw(submission, tokens, batch_size, ctx_size, 3, seed=_seed(rng))
        did = "Drew batches and looked at"
        X = expect_shape(seen.X, [3, batch_size, ctx_size], f"{did} X")
        starts = (X[..., :1] == tokens).long().argmax(-1, keepdim=True)
        places = (starts + torch.arange(ctx_size)).clamp(max=n - 2)
        expect_equal(X, tokens[places], f"{did} X")
        expect_equal(seen.y, tokens[places + 1], f"{did} y")


@number("5.15")
@covers("get_batch")
@hint("The tensor that is passed in belongs to the caller.")
def test_text_is_not_changed(submission: Submission, rng: torch.Generator) -> None:
    """Drawing batches leaves the text as it is."""
    tokens = torch.randint(66, (60,), generator=rng)
    seen = _draw(submission, tokens.clone(), 5, 7, 4, seed=_seed(rng))
    expect_equal(seen.tokens, tokens, "Drew 4 batches and looked at the text", "the text as it was")


@number("5.16")
@covers("get_batch")
@hint("All places are equally likely.")
def test_starts_are_uniform(submission: Submission, rng: torch.Generator) -> None:
    """Rows begin at every place of the text equally often, and in no particular order."""
    tokens = torch.randperm(50, generator=rng)[:12]
    seen = _draw(submission, tokens, 250, 6, 20, seed=_seed(rng))
    starts = (expect_shape(seen.X, [20, 250, 6], "Drew batches")[..., :1] == tokens).long().argmax(-1)
    did = "Drew 5000 rows from a text with 6 places to begin at"
    expect_frequencies(starts, torch.full((6,), 1 / 6), did, "each place about as often")
    # 250 independent rows lie in order with a probability of 1e-180.
    steps = starts.diff(dim=-1)
    in_order = bool(((steps >= 0).all(-1) | (steps <= 0).all(-1)).any())
    expect(not in_order, did, "rows in no particular order", "rows ordered by their places")


@number("5.17")
@covers("get_batch")
@hint("A generator that is set back, or made anew, repeats itself.")
def test_successive_batches_differ(submission: Submission, rng: torch.Generator) -> None:
    """Two batches in a row, from one generator or from the global one, are different."""
    # 30 starts out of 90 come out alike by chance with probability 90**-30.
    tokens = torch.randperm(100, generator=rng)
    for seed, source in ((_seed(rng), "one generator"), (None, "the global generator")):
        seen = _draw(submission, tokens, 30, 10, 2, seed=seed, global_seed=_seed(rng))
        X = expect_shape(seen.X, [2, 30, 10], "Drew two batches")
        expect(not torch.equal(X[0], X[1]), f"Drew two batches from {source}", "different ones", "the same twice")


@number("5.18")
@covers("get_batch")
@hint("Without a generator, PyTorch's own random functions draw from the global one by themselves.")
def test_without_a_generator_the_global_one_draws(submission: Submission, rng: torch.Generator) -> None:
    """When no generator is given, `torch.manual_seed` decides the batch."""
    tokens, seed = torch.randperm(100, generator=rng), _seed(rng)
    first, again, other = (
        expect_shape(_draw(submission, tokens, 30, 10, 1, global_seed=chosen).X, [1, 30, 10], "Drew a batch")
        for chosen in (seed, seed, seed + 1)
    )
    did = "Drew a batch without a generator, twice after the same torch.manual_seed"
    expect_equal(again, first, did, "the same rows both times")
    did = "Drew batches without a generator after two different seeds"
    expect(not bool((first == other).all()), did, "different batches", "the same batch")


@number("5.19")
@weight(2)
@covers("loss_fn")
@hint("Compare with the definition of cross-entropy, position by position, and look at how rows are laid side by side.")
def test_loss_is_the_cross_entropy(submission: Submission, rng: torch.Generator) -> None:
    """The loss is the mean cross-entropy for any logits, also where B, T and V could be mistaken for one another."""
    for B, T, V in ((3, 5, 8), (1, 1, 4), (4, 4, 4), (7, 2, 3), (2, 9, 66), (37, 41, 3)):
        logits = 3 * torch.randn(B, T, V, generator=rng)
        y = torch.randint(V, (B, T), generator=rng)
        expected = -logits.double().log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean()
        expect_close(submission.training.loss_fn(logits, y), expected.float(), "Called loss_fn with random logits")


@number("5.20")
@covers("loss_fn")
@hint("Each position of each row has the same part in the loss, and nothing on the way to it is detached or rounded.")
def test_loss_has_the_right_gradient(submission: Submission, rng: torch.Generator) -> None:
    """The gradient of the loss is right at any logits."""
    logits = torch.randn(4, 3, 6, generator=rng)
    y = torch.randint(6, (4, 3), generator=rng)
    found = submission.probes.loss_gradient(submission.training.loss_fn, logits, y)
    expected = (logits.softmax(-1) - F.one_hot(y, 6)) / 12
    expect_close(found, expected, "Took the gradient of loss_fn at random logits")


@number("5.24")
@covers("loss_fn")
@hint("A probability may be too small to be told from 0, and its logarithm all right: see log_softmax, cross_entropy.")
def test_scores_far_apart_have_a_loss(submission: Submission, rng: torch.Generator) -> None:
    """The loss is the mean cross-entropy also where the scores are hundreds apart."""
    logits = 150 * torch.linspace(-1, 1, 60)[torch.randperm(60, generator=rng)].view(3, 4, 5)
    y = logits.argmin(-1)
    expected = -logits.double().log_softmax(-1).gather(-1, y.unsqueeze(-1)).mean()
    did = "Called loss_fn with scores up to 300 apart, the lowest for the right character"
    expect_close(submission.training.loss_fn(logits, y), expected.float(), did)


def _expected_with_doubles(weights: dict[str, Tensor], tokens: Tensor, num_blocks: int) -> Tensor:
    """What a model makes of `tokens` [B, T] when its blocks are stand-ins: logits [B, T, V]."""
    x = weights["token_embedding.weight"][tokens] + weights["position_embedding.weight"][: tokens.shape[1]]
    block = doubles.Block(x.shape[-1], 1, tokens.shape[1])
    for _ in range(num_blocks):
        x = block(x)
    x = F.layer_norm(x, x.shape[-1:], weights["final_norm.weight"], weights["final_norm.bias"])
    return x @ weights["lm_head.weight"].T + weights["lm_head.bias"]


def _random_weights(shapes: dict[str, list[int]], rng: torch.Generator) -> dict[str, Tensor]:
    """Values of these shapes, by parameter, that leave nothing at 0 or 1."""
    return {name: 0.7 * torch.randn(shape, generator=rng) for name, shape in sorted(shapes.items())}


def _judge_logits(
    submission: Submission, reference: Submission, rng: torch.Generator, num_blocks: int, shapes: list[tuple[int, int]]
) -> None:
    """Compare logits with the reference's, or with stand-ins for the blocks with what follows from these."""
    sizes = {"vocab_size": 13, "ctx_size": 6, "embed_size": 8, "num_heads": 2, "num_blocks": num_blocks}
    ours = reference.model.TransformerLM(reference.model.ModelConfig(**sizes))
    weights = _random_weights(parameter_shapes(reference, ours), rng)
    reference.probes.set_parameters(ours, weights)
    batches = [torch.randint(13, shape, generator=rng) for shape in shapes]
    did = "Called the model with random tokens and parameters"

    def own() -> None:
        model = submission.model.TransformerLM(submission.model.ModelConfig(**sizes))
        submission.probes.set_parameters(model, weights)
        for tokens in batches:
            expect_close(model(tokens), ours(tokens), did, atol=1e-4)

    def doubled() -> None:
        model = submission.model.TransformerLM(submission.model.ModelConfig(**sizes))
        kept = {name: value for name, value in weights.items() if not name.startswith("blocks.")}
        submission.probes.set_parameters(model, kept)
        for tokens in batches:
            expect_close(model(tokens), _expected_with_doubles(weights, tokens, num_blocks), did, atol=1e-4)

    compose(submission, own=own, doubled=doubled, replaced=["Block"])


@number("5.21")
@weight(2)
@covers("TransformerLM")
@requires("Block", "positions")
@hint("Follow one token: two embeddings, added; every block in its order; the last norm; the last layer.")
def test_logits_are_right(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """With given parameters the model gives the right logits."""
    _judge_logits(submission, reference, rng, 3, [(4, 6), (1, 1)])


@number("5.22")
@covers("TransformerLM")
@requires("Block", "positions")
@hint("Fewer tokens than ctx_size are fine: they are the first positions.")
def test_logits_are_right_for_short_inputs(submission: Submission, reference: Submission, rng: torch.Generator) -> None:
    """With fewer tokens than `ctx_size`, and with one block, the logits are right too."""
    _judge_logits(submission, reference, rng, 1, [(1, 3), (5, 2), (2, 5)])


@number("5.23")
@covers("TransformerLM")
@requires("Block")
@hint("Rows of a batch have nothing to do with each other.")
def test_rows_of_a_batch_do_not_mix(submission: Submission, rng: torch.Generator) -> None:
    """A row has the same logits alone as in company."""
    sizes = {"vocab_size": 9, "ctx_size": 5, "embed_size": 8, "num_heads": 4, "num_blocks": 2}
    tokens = torch.randint(9, (6, 5), generator=rng)

    def check() -> None:
        model = submission.model.TransformerLM(submission.model.ModelConfig(**sizes))
        together = expect_finite(model(tokens), [6, 5, 9], "Called the model with 6 rows")
        for row in range(6):
            alone = model(tokens[row : row + 1])
            did = "Called the model with a row alone and with 5 others"
            expect_close(alone, together[row : row + 1], did, "the same logits for that row")

    compose(submission, own=check, doubled=check, replaced=["Block"])
