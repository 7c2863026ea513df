"""Problem 2: the two texts, the estimated loss, and the training loop, without any long training.

Most checks train a `bigram`: a model that looks the scores for the next token up in a table [V, V], by the
current token. What its loss is, and which of its rows a training step moves, can be worked out by hand.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from support.checking import Submission, covers, expect, expect_close, expect_equal, hint, number, requires, weight
from support.replies import curve_of, float_of, pair_of, parameter_of
from support.reports import parameters, recorded_by

LOW, HIGH = torch.zeros(40, dtype=torch.int64), torch.ones(40, dtype=torch.int64)
ALTERNATING = torch.tensor([0, 1] * 30)


def _config(submission: Submission, num_steps: int, eval_interval: int, **changes: Any) -> Any:
    sizes = {"batch_size": 3, "ctx_size": 4, "learning_rate": 0.05, "eval_batches": 2, **changes}
    return submission.training.TrainConfig(num_steps=num_steps, eval_interval=eval_interval, **sizes)


@number("2.1")
@covers("split")
@hint("The beginning is for training; the cut is a whole number, rounded towards 0.")
def test_split_cuts_at_the_fraction(submission: Submission) -> None:
    """`split` cuts the text once: the given fraction of it, then the rest, with nothing lost or doubled."""
    tokens = torch.tensor([7, 3, 3, 9, 1, 0, 4, 8, 2, 5, 6])
    for fraction, cut in ((0.5, 5), (0.9, 9), (0.25, 2)):
        did = f"Called split with 11 tokens and train_fraction={fraction}"
        train, test = pair_of(submission.data.split(tokens, fraction), did)
        expect_equal(train, tokens[:cut], f"{did}, looked at the part to train on")
        expect_equal(test, tokens[cut:], f"{did}, looked at the part to test on")


@number("2.2")
@covers("estimate_loss")
@requires("get_batch", "loss_fn")
@hint("Average over the batches, and return a number instead of a tensor.")
def test_estimate_is_the_mean_over_batches(submission: Submission) -> None:
    """For scores that are right every second time, the estimate is the loss that follows by hand."""
    # After 0 comes 1, which has probability 1/2; after 1 comes 0, which has 1/8. Half of any even window is each.
    table = torch.tensor([[0.5, 0.5], [0.125, 0.875]]).log()
    model = submission.probes.bigram(table)
    config = _config(submission, 0, 1, eval_batches=5)
    did = "Estimated the loss on the text 0 1 0 1 ..., 5 batches, for a model with known probabilities"
    loss = float_of(submission.training.estimate_loss(model, ALTERNATING, config, "cpu"), did)
    expect(abs(loss - 2 * math.log(2)) < 1e-4, did, "2 ln 2 = 1.3863", f"{loss:.4f}")


@number("2.3")
@covers("estimate_loss")
@requires("get_batch", "loss_fn")
@hint("Measuring is not learning: PyTorch has a context manager that leaves gradients out.")
def test_estimate_records_no_gradient(submission: Submission) -> None:
    """While the loss is estimated, no gradient is recorded."""
    model = submission.probes.bigram(torch.zeros(2, 2))
    submission.training.estimate_loss(model, ALTERNATING, _config(submission, 0, 1), "cpu")
    did = "Estimated a loss and looked at what the model computed"
    recorded = recorded_by(submission, model)
    expect(len(recorded) > 0, did, "that the model is called", "no call")
    expect(not any(recorded), did, "results without a gradient", "results that record one")


@number("2.4")
@covers("estimate_loss")
@requires("get_batch", "loss_fn")
@hint("Remember the mode that the model was in, and put that back.")
def test_estimate_restores_the_mode(submission: Submission) -> None:
    """A model is in the same mode, training or evaluation, after its loss was estimated as before."""
    for mode, name in ((True, "training"), (False, "evaluation")):
        model = submission.probes.bigram(torch.zeros(2, 2))
        model.train(mode)
        submission.training.estimate_loss(model, ALTERNATING, _config(submission, 0, 1), "cpu")
        expect(
            model.training is mode, f"Estimated the loss of a model in {name} mode", f"{name} mode", "the other mode"
        )


@number("2.5")
@covers("estimate_loss")
@requires("get_batch", "loss_fn", "TransformerLM")
@hint("Before training every character is about equally likely, and the loss is a mean in natural logarithms.")
def test_first_loss_is_near_ln_v(submission: Submission, rng: torch.Generator) -> None:
    """A model that has learned nothing has a loss near ln V."""
    # Over 3000 fresh models of this size, the loss less ln V was 0.17 with standard deviation 0.05, and never outside
    # 0 to 0.34: in the normal model, 1 is 17 standard deviations away.
    config = submission.model.ModelConfig(vocab_size=29, ctx_size=6, embed_size=12, num_heads=3, num_blocks=1)
    tokens = torch.randint(29, (500,), generator=rng)
    sizes = _config(submission, 0, 1, batch_size=20, ctx_size=6)
    model = submission.model.TransformerLM(config)
    did = "Estimated the loss of an untrained model with 29 characters"
    loss = float_of(submission.training.estimate_loss(model, tokens, sizes, "cpu"), did)
    expect(abs(loss - math.log(29)) < 1, did, "about ln 29 = 3.37", f"{loss:.2f}")


@number("2.6")
@covers("train")
@requires("estimate_loss")
@hint("The curve has a point before the first update, one every eval_interval updates, and one at the end.")
def test_history_has_the_right_steps(submission: Submission) -> None:
    """The curve has points at step 0, every `eval_interval` steps and at the end, none of them twice."""
    for num_steps, interval, expected in ((7, 3, [0, 3, 6, 7]), (6, 3, [0, 3, 6]), (2, 5, [0, 2])):
        model = submission.probes.bigram(torch.zeros(2, 2))
        config = _config(submission, num_steps, interval)
        history = submission.training.train(model, LOW, HIGH, config, "cpu")
        did = f"Trained for {num_steps} steps with eval_interval={interval}"
        expect_equal(curve_of(history, did).steps, expected, f"{did}, looked at the steps of the history")


@number("2.7")
@covers("train")
@requires("estimate_loss")
@hint("Each loss of the history belongs to the model as it is at that step, and to one of the two texts.")
def test_history_is_what_the_model_can_do(submission: Submission) -> None:
    """The first and the last losses of the curve are those of the model before and after the training."""
    # The text to train on is 0 0 0 ..., the one to test on 1 1 1 ...: each loss depends on one row of the table.
    before = torch.tensor([[0.0, 2.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    model = submission.probes.bigram(before)
    history = submission.training.train(model, LOW, HIGH, _config(submission, 5, 2), "cpu")
    curve = curve_of(history, "Trained for 5 steps")
    after = parameter_of(parameters(submission, model), "table", (3, 3), "Trained for 5 steps")
    for place, table, when in ((0, before, "first"), (-1, after, "last")):
        for row, losses, text in ((0, curve.train, "train"), (1, curve.test, "test")):
            did = f"Trained for 5 steps and looked at the {when} {text} loss"
            expect(len(losses) > 1, did, "a loss before and one after training", f"{len(losses)} in all")
            wanted = float(-table[row].log_softmax(-1)[row])
            expected = f"{wanted:.4f}, the loss of that very model"
            expect(abs(losses[place] - wanted) < 1e-3, did, expected, f"{losses[place]:.4f}")


@number("2.8")
@covers("train")
@requires("get_batch", "loss_fn")
@hint("Look at the optimizer, at the learning rate that it is given, and at the text that it learns from.")
def test_an_update_has_the_size_of_the_learning_rate(submission: Submission) -> None:
    """AdamW's first update moves every score that the loss depends on by about the learning rate."""
    before = torch.tensor([[0.5, -0.5, 0.1], [0.2, 0.3, -0.4], [0.0, 0.0, 0.0]])
    for rate in (0.05, 0.002):
        model = submission.probes.bigram(before)
        submission.training.train(model, ALTERNATING, LOW, _config(submission, 1, 1, learning_rate=rate), "cpu")
        did = f"Trained for one step with learning_rate={rate} and looked at how far the scores moved"
        moved = (parameter_of(parameters(submission, model), "table", (3, 3), did) - before)[:2].abs()
        expect_close(moved, torch.full_like(moved, rate), did, rtol=0.1)


@number("2.9")
@weight(2)
@covers("train")
@requires("estimate_loss")
@hint("Every step needs the gradient of a new batch, and an optimizer step that follows it.")
def test_loss_falls_on_a_text_that_is_easy(submission: Submission) -> None:
    """Training makes the loss fall on a text in which each character determines the next."""
    text = torch.tensor([0, 1, 2, 3] * 20)
    model = submission.probes.bigram(torch.zeros(4, 4))
    config = _config(submission, 60, 60, learning_rate=0.1)
    submission.training.train(model, text, text, config, "cpu")
    did = "Trained for 60 steps on the text 0 1 2 3 0 1 2 3 ... and computed the loss"
    table = parameter_of(parameters(submission, model), "table", (4, 4), did)
    loss = float(-table.log_softmax(-1)[torch.arange(4), torch.tensor([1, 2, 3, 0])].mean())
    expect(loss < 0.2, did, "a loss under 0.2, down from ln 4 = 1.39", f"{loss:.2f}")


@number("2.10")
@covers("train")
@requires("get_batch", "loss_fn")
@hint("Look at which of the two texts each batch is taken from.")
def test_nothing_is_learned_from_the_test_text(submission: Submission) -> None:
    """Training leaves alone what only the test text could teach."""
    # Row i of the table is moved only by a batch that has the token i in it; zeros do not decay.
    model = submission.probes.bigram(torch.zeros(4, 4))
    other = torch.tensor([2, 3] * 30)
    submission.training.train(model, ALTERNATING, other, _config(submission, 8, 2), "cpu")
    did = "Trained on the text 0 1 0 1 ..., tested on 2 3 2 3 ..., and looked at the scores after 2 and 3"
    table = parameter_of(parameters(submission, model), "table", (4, 4), did)
    expect(bool((table[2:] == 0).all()), did, "that training does not touch them", "that they changed")
