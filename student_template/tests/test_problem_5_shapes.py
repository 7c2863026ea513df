"""Problem 5: what goes into the model and what comes out: X, y, logits and loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from support.chance import expect_rate
from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_dtype,
    expect_equal,
    expect_shape,
    hint,
    number,
    requires,
)
from support.compose import compose
from support.replies import pair_of
from support.reports import batches

# Every number comes once, so that a row tells where it was cut from.
TEXT = torch.tensor([31, 17, 44, 2, 58, 23, 9, 60, 12, 36, 5])


def _batch(submission: Submission, tokens: torch.Tensor, batch_size: int, ctx_size: int) -> tuple[Any, Any]:
    generator = submission.probes.generator(3)
    batch = submission.data.get_batch(tokens, batch_size, ctx_size, "cpu", generator=generator)
    return pair_of(batch, "Called get_batch")


def _starts(
    submission: Submission, tokens: torch.Tensor, batch_size: int, ctx_size: int, times: int, **options: Any
) -> torch.Tensor:
    """Where the rows of many batches begin in `tokens`, which are all different: [times, B]; -1 for nowhere."""
    seen = batches(submission, submission.data.get_batch, tokens, batch_size, ctx_size, times, **options)
    X = expect_shape(seen.X, [times, batch_size, ctx_size], "Drew batches and looked at X")
    found = (X[..., :1] == tokens).long()
    return torch.where(found.any(-1), found.argmax(-1), -1)


@number("5.1")
@covers("get_batch")
@hint("Print X.shape and y.dtype; the docstring says what they should be.")
def test_batch_has_the_right_shape_and_dtype(submission: Submission) -> None:
    """X and y are int64, one row for each sequence of the batch and one column for each of its tokens."""
    X, y = _batch(submission, TEXT, 3, 5)
    for name, value in (("X", X), ("y", y)):
        did = f"Called get_batch with batch_size=3 and ctx_size=5 and looked at {name}"
        expect_dtype(expect_shape(value, [3, 5], did), torch.int64, did)


@number("5.2")
@covers("get_batch")
@hint("A row is a piece of the text: neighbours in the text stay neighbours.")
def test_rows_of_x_are_runs_of_the_text(submission: Submission) -> None:
    """Each row of X is a run of consecutive tokens of the text."""
    X, _ = _batch(submission, TEXT, 20, 4)
    runs = [TEXT[start : start + 4].tolist() for start in range(8)]
    strange = [row for row in expect_shape(X, [20, 4], "Called get_batch").tolist() if row not in runs]
    values = f"{strange[0]} is no run of {TEXT.tolist()}" if strange else ""
    did = "Called get_batch with a text of 11 tokens and looked at the rows of X"
    expect(not strange, did, "runs of consecutive tokens", f"{len(strange)} of 20 rows that are not", values=values)


@number("5.3")
@covers("get_batch")
@hint("y holds, at each place, the token that follows the one in X.")
def test_y_is_x_moved_on_by_one(submission: Submission) -> None:
    """At every place, y has the token that comes after the one that X has there."""
    following = dict(zip(TEXT.tolist(), TEXT[1:].tolist(), strict=False))
    X, y = _batch(submission, TEXT, 20, 4)
    did = "Called get_batch with a text of 11 tokens and compared y with X"
    wanted = [[following.get(token) for token in row] for row in expect_shape(X, [20, 4], did).tolist()]
    found = expect_shape(y, [20, 4], did).tolist()
    values = f"first rows: X {X[0].tolist()}, y {found[0]}"
    expect(found == wanted, did, "the token that follows, at every place", "other tokens", values=values)


@number("5.4")
@covers("get_batch")
@hint("Work out the first and the last start at which both runs still fit, and check the ends of your random range.")
def test_every_start_is_reached(submission: Submission) -> None:
    """Every place of the text at which both runs fit is drawn, the first and the last too."""
    # 7 places: that one of them is missed by 400 draws has probability 7 * (6/7)**400 < 1e-25.
    starts = set(_starts(submission, TEXT, 400, 4, times=1, seed=1).flatten().tolist())
    missing = sorted(set(range(7)) - starts)
    did = "Drew 400 rows of 4 tokens from a text of 11"
    expect(not missing, did, "rows that begin at each of the places 0 to 6", f"none that begins at {missing}")


@number("5.5")
@covers("get_batch")
@hint("A text of ctx_size + 1 tokens has room for exactly one row.")
def test_shortest_text_has_one_start(submission: Submission) -> None:
    """From a text of `ctx_size + 1` tokens, all rows are the one that fits."""
    X, y = _batch(submission, TEXT[:5], 50, 4)
    did = "Drew 50 rows of 4 tokens from a text of 5, looked at"
    expect_equal(X, TEXT[:4].repeat(50, 1), f"{did} X")
    expect_equal(y, TEXT[1:5].repeat(50, 1), f"{did} y")


@number("5.6")
@covers("get_batch")
@hint("Each row has a start of its own, drawn without looking at the others.")
def test_rows_are_drawn_independently(submission: Submission) -> None:
    """The two rows of a batch begin at the same place as often as chance has it."""
    # 2 places, 2 rows: they agree every second time; 300 times gives 150, by Hoeffding's bound within 57.
    starts = _starts(submission, TEXT[:6], 2, 4, times=300, seed=2)
    agreeing = int((starts[:, 0] == starts[:, 1]).sum())
    did = "Drew 300 batches of 2 rows from a text with 2 places to begin at"
    expect_rate(agreeing, 300, 0.5, did, "that the two rows begin alike in half of them")


@number("5.7")
@covers("get_batch")
@hint("Every random draw has to be told which generator to draw from.")
def test_generator_decides_the_batch(submission: Submission) -> None:
    """The same generator state gives the same batch, whatever else is random; another state gives another."""
    # 60 starts out of 7 come out alike by chance with probability 7**-60.
    first, again, other = (
        _starts(submission, TEXT, 60, 4, times=1, seed=seed, global_seed=noise)
        for seed, noise in ((1, 7), (1, 8), (2, 8))
    )
    expect_equal(again, first, "Drew a batch twice from the same generator state", "the same rows both times")
    did = "Drew batches from two different generator states"
    expect(not torch.equal(first, other), did, "different batches", "the same batch")


@number("5.8")
@covers("loss_fn")
@hint("One number for the whole batch: look at what is averaged, and in which logarithm.")
def test_loss_is_one_number(submission: Submission) -> None:
    """When all characters are equally likely, the loss is a tensor without dimensions that holds ln V."""
    loss = submission.training.loss_fn(torch.zeros(2, 3, 7), torch.tensor([[0, 6, 2], [5, 5, 1]]))
    expect_close(loss, torch.tensor(math.log(7)), "Called loss_fn with equal logits [2, 3, 7]")


@number("5.9")
@covers("loss_fn")
@hint("Only the probability of the character that really came counts, at every position of every row.")
def test_loss_follows_from_the_probabilities(submission: Submission) -> None:
    """The loss is the mean over all positions of minus the logarithm of what the right character was given."""
    # The right characters have the probabilities 1/2, 1/8, 1/4 and 1/4: on average 2 ln 2. Logits may be moved as
    # a whole without changing that.
    chances = torch.tensor([[[0.5, 0.375, 0.125], [0.125, 0.5, 0.375]], [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]])
    logits = chances.log() + torch.tensor([[[1.0], [-2.0]], [[0.5], [3.0]]])
    loss = submission.training.loss_fn(logits, torch.tensor([[0, 0], [2, 1]]))
    did = "Called loss_fn where the right characters have the probabilities 1/2, 1/8, 1/4 and 1/4"
    expect_close(loss, torch.tensor(2 * math.log(2)), did)


@number("5.10")
@covers("loss_fn")
@hint("If 5.8 and 5.9 pass: is a position left out of the mean, or a number taken out of its tensor on the way?")
def test_gradient_flows_back_from_the_loss(submission: Submission) -> None:
    """The loss has a gradient: up for the character that came, down for the others."""
    found = submission.probes.loss_gradient(submission.training.loss_fn, torch.zeros(1, 2, 2), torch.tensor([[0, 1]]))
    expected = torch.tensor([[[-0.25, 0.25], [0.25, -0.25]]])
    expect_close(found, expected, "Took the gradient of loss_fn at two positions with equal logits [1, 2, 2]")


def _on_a_model(submission: Submission, judge: Callable[[Any], None]) -> None:
    """Judge a model of 11 characters, context 7 and embedding 6: as it is, or with stand-ins for its blocks."""
    sizes = {"vocab_size": 11, "ctx_size": 7, "embed_size": 6, "num_heads": 2, "num_blocks": 2}

    def check() -> None:
        judge(submission.model.TransformerLM(submission.model.ModelConfig(**sizes)))

    compose(submission, own=check, doubled=check, replaced=["Block"])


@number("5.11")
@covers("TransformerLM")
@requires("Block")
@hint("Write the shape of every tensor of `forward` beside its line.")
def test_logits_have_a_score_for_every_character(submission: Submission) -> None:
    """The logits are [B, T, V] in either mode, for any number of rows and any length up to `ctx_size`."""

    def judge(model: Any) -> None:
        for batch_size, length, training in ((3, 5, True), (1, 7, True), (4, 1, True), (2, 5, False)):
            model.train(training)
            logits = model(torch.ones(batch_size, length, dtype=torch.int64))
            mode = "training" if training else "evaluation"
            did = f"Called a model of 11 characters and ctx_size 7 in {mode} mode with tokens [{batch_size}, {length}]"
            expect_shape(logits, [batch_size, length, 11], did)

    _on_a_model(submission, judge)


@number("5.12")
@covers("TransformerLM")
@requires("Block")
@hint("Scores are not probabilities: they may be negative, and need not sum to 1. The loss takes care of the rest.")
def test_logits_are_what_the_last_layer_gives(submission: Submission) -> None:
    """Logits are the last layer's own result: with zero weights, its bias at every position."""

    def judge(model: Any) -> None:
        bias = torch.arange(11.0) - 4
        submission.probes.set_parameters(model, {"lm_head.weight": torch.zeros(11, 6), "lm_head.bias": bias})
        logits = model(torch.tensor([[3, 0, 10, 10], [1, 2, 3, 4]]))
        did = "Set the weight of lm_head to 0 and its bias to -4, -3, ..., 6, and called the model"
        expect_close(logits, bias.expand(2, 4, 11), did)

    _on_a_model(submission, judge)
