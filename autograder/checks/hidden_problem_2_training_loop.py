"""Problem 2, hidden: where the text is cut, what an estimate averages, and every update of a training."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from support.chance import margin
from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_equal,
    expect_floats,
    hint,
    number,
    requires,
    weight,
)
from support.replies import curve_of, float_of, pair_of, parameter_of
from support.reports import parameter_gradients, parameters, recorded_by, shown_to, width


def _config(submission: Submission, **changes: Any) -> Any:
    sizes = {"batch_size": 2, "ctx_size": 3, "num_steps": 0, "learning_rate": 0.1, "eval_interval": 10**6}
    return submission.training.TrainConfig(**{**sizes, "eval_batches": 1, **changes})


def _expect_rows_of_seven(shown: list[Tensor], count: int, did: str, product: str) -> None:
    """`count` rows in all, drawn by batches of 5 from 73 places of a random text."""
    seen = sum(tokens.numel() for tokens in shown)
    expect(seen == 7 * count, did, f"{product}, so {7 * count}", f"{seen}")
    expect(all(width(tokens) == 7 for tokens in shown), did, "rows of ctx_size tokens", "rows of another length")
    # 20 rows are from 5 places only with probability 73**5 / 5! * (5 / 73)**20, less than 1e-15.
    places = len({tuple(row) for tokens in shown for row in tokens.reshape(-1, 7).tolist()})
    expect(places > 5, did, "a new batch each time", "the same rows again and again")


@number("2.11")
@covers("split")
@hint("The cut is int(train_fraction * n); no rounding to the nearest, and no shuffling.")
def test_split_at_any_fraction(submission: Submission, rng: torch.Generator) -> None:
    """`split` cuts at the whole part of fraction times length, for any fraction and length, also to nothing."""
    # 0.29 * 100 is a little less than 29 in floating point.
    cases = [(100, 0.29), (1, 0.9), (5, 0.0), (5, 1.0)]
    lengths, fractions = torch.randint(2, 400, (20,), generator=rng), torch.rand(20, generator=rng)
    cases += zip(lengths.tolist(), fractions.tolist(), strict=True)
    for n, fraction in cases:
        tokens = torch.randint(66, (n,), generator=rng)
        train, test = pair_of(submission.data.split(tokens, fraction), "Called split")
        cut = int(fraction * n)
        expect_equal(train, tokens[:cut], "Called split and looked at the part to train on")
        expect_equal(test, tokens[cut:], "Called split and looked at the part to test on")


@number("2.12")
@weight(2)
@covers("estimate_loss")
@requires("get_batch", "loss_fn")
@hint("Every one of the eval_batches is a new random batch, and each counts the same.")
def test_estimate_averages_all_batches(submission: Submission) -> None:
    """An estimate is the mean loss over its batches, and so, with very many, close to that over the whole text."""
    # A batch is one prediction: half of them cost ln 2, the others ln 16, so their mean is 2.5 ln 2 while no
    # single batch comes near it.
    table = torch.tensor([[0.5, 0.5], [1 / 16, 15 / 16]]).log()
    model = submission.probes.bigram(table)
    batches = 400
    config = _config(submission, batch_size=1, ctx_size=1, eval_batches=batches)
    did = f"Estimated the loss over {batches} batches of one prediction each"
    tokens = torch.tensor([0, 1] * 100 + [0])
    loss = float_of(submission.training.estimate_loss(model, tokens, config, "cpu"), did)
    allowed = margin(batches) / batches * math.log(8)
    expected = f"about {2.5 * math.log(2):.2f}, the mean over all batches"
    got = f"{loss:.2f}, which is too {'large' if loss > 2.5 * math.log(2) else 'small'}"
    expect(abs(loss - 2.5 * math.log(2)) < allowed, did, expected, got)
    seen = torch.cat([torch.zeros(0).long(), *(batch.flatten() for batch in shown_to(submission, model))])
    known = seen.dtype == torch.int64 and len(seen) > 0 and bool(((seen == 0) | (seen == 1)).all())
    expect(known, did, "that the model is shown rows of the text", "other tokens, or none")
    # By its own loss_fn, whose mistakes are for problem 5 to find. After 0 comes 1, after 1 comes 0.
    logits, y = table.view(2, 1, 1, 2), torch.tensor([1, 0]).view(2, 1, 1)
    losses = [submission.training.loss_fn(logits[token], y[token]) for token in (0, 1)]
    shapes = [cost.shape if isinstance(cost, Tensor) else () for cost in losses]
    costs = [expect_floats(cost, shape, "Called loss_fn") for cost, shape in zip(losses, shapes, strict=True)]
    after_0, after_1 = (float(cost.mean()) for cost in costs)
    mean = after_0 + (after_1 - after_0) * float(seen.double().mean())
    expect(abs(loss - mean) < 1e-4, did, f"the mean over what the model was shown, {mean:.4f}", f"{loss:.4f}")


@number("2.13")
@covers("estimate_loss")
@requires("get_batch", "loss_fn")
@hint("The sizes of the batches, and how many there are, stand in the config; each one is drawn anew.")
def test_estimate_uses_the_sizes_of_the_config(submission: Submission, rng: torch.Generator) -> None:
    """An estimate looks at `eval_batches` batches of `batch_size` times `ctx_size` tokens of the given text."""
    model = submission.probes.bigram(torch.zeros(9, 9))
    config = _config(submission, batch_size=5, ctx_size=7, eval_batches=6)
    submission.training.estimate_loss(model, torch.randint(9, (80,), generator=rng), config, "cpu")
    did = "Estimated a loss and counted the tokens that the model was shown"
    _expect_rows_of_seven(shown_to(submission, model), 6 * 5, did, "eval_batches * batch_size * ctx_size")
    model = submission.probes.bigram(torch.zeros(9, 9))
    submission.training.estimate_loss(model, torch.randint(9, (9,), generator=rng), config, "cpu")
    seen = sum(tokens.numel() for tokens in shown_to(submission, model))
    did = "Estimated a loss on a text with 2 places to begin at and counted the tokens that the model was shown"
    expect(seen == 6 * 5 * 7, did, f"eval_batches * batch_size * ctx_size, so {6 * 5 * 7}", f"{seen}")


@number("2.14")
@covers("train")
@requires("estimate_loss")
@hint("Training for no steps still has a curve: of one point.")
def test_no_steps_change_nothing(submission: Submission, rng: torch.Generator) -> None:
    """With `num_steps=0` the history has the point at step 0 only, and the model stays as it was."""
    table = torch.randn(6, 6, generator=rng)
    model = submission.probes.bigram(table)
    text = torch.randint(6, (50,), generator=rng)
    history = submission.training.train(model, text, text, _config(submission, num_steps=0, eval_interval=3), "cpu")
    did = "Trained for 0 steps"
    expect_equal(curve_of(history, did).steps, [0], f"{did} and looked at the steps of the history")
    after = parameter_of(parameters(submission, model), "table", (6, 6), did)
    expect_equal(after, table, f"{did} and looked at the model", "the parameters that it had before")


@number("2.15")
@weight(2)
@covers("train")
@requires("estimate_loss")
@hint("Follow three steps by hand: old gradients gone, new gradient, AdamW with its defaults, and only then measure.")
def test_every_update_is_one_of_adamw(submission: Submission, rng: torch.Generator) -> None:
    """Where the batches leave nothing to chance, the whole curve is the one that AdamW gives."""
    table = 2 * torch.randn(5, 5, generator=rng)
    low, high = torch.zeros(30, dtype=torch.int64), torch.full((30,), 3)
    model = submission.probes.bigram(table)
    config = _config(submission, num_steps=23, eval_interval=4, learning_rate=0.3)
    history = submission.training.train(model, low, high, config, "cpu")
    train, test = _curve_of_adamw(table, 23, 4, 0.3)
    did = "Trained for 23 steps on the text 0 0 0 ..., measured every 4"
    curve = curve_of(history, did)
    expect_close(torch.tensor(curve.train), train, f"{did}, looked at the train losses", atol=5e-5)
    expect_close(torch.tensor(curve.test), test, f"{did}, looked at the test losses", atol=5e-5)


def _curve_of_adamw(table: Tensor, steps: int, interval: int, rate: float) -> tuple[Tensor, Tensor]:
    """Losses on a text of zeros, which is trained on, and on one of threes, for a bigram table."""
    weights = table.clone().requires_grad_(True)
    optimizer = torch.optim.AdamW([weights], lr=rate)
    points = []
    for step in range(steps + 1):
        losses = [F.cross_entropy(weights[token : token + 1], torch.tensor([token])) for token in (0, 3)]
        if step % interval == 0 or step == steps:
            points.append([float(loss.detach()) for loss in losses])
        optimizer.zero_grad()
        torch.autograd.backward(losses[0])
        optimizer.step()
    return torch.tensor(points)[:, 0], torch.tensor(points)[:, 1]


@number("2.16")
@covers("train")
@requires("get_batch", "loss_fn")
@hint("A batch that is drawn before the loop is the same at each step; so is one drawn after the same seed was set.")
def test_every_step_draws_a_new_batch(submission: Submission) -> None:
    """Over many steps training sees every place of the text, not the same batch again and again."""
    # One token a step out of 6: that one of them is never met in 125 steps has probability 6 * (5 / 6)**125 < 1e-9.
    model = submission.probes.bigram(torch.zeros(6, 6))
    # Measured often: an estimate that sets the seed makes the few batches between two of them repeat.
    config = _config(submission, batch_size=1, ctx_size=1, num_steps=125, eval_interval=4)
    submission.training.train(model, torch.arange(7) % 6, torch.zeros(9, dtype=torch.int64), config, "cpu")
    did = "Trained for 125 steps of one prediction each, on a text with 6 places to start at"
    moved = (parameter_of(parameters(submission, model), "table", (6, 6), did) != 0).any(1)
    expect(bool(moved.all()), did, "that each place is met", f"that {int((~moved).sum())} places never are")


@number("2.17")
@covers("train")
@requires("get_batch", "loss_fn", "TransformerLM")
@hint("Look at which parameters the optimizer is given.")
def test_every_parameter_is_trained(submission: Submission, rng: torch.Generator) -> None:
    """Training changes every parameter of a transformer that has a say in its logits."""
    sizes = submission.model.ModelConfig(vocab_size=7, ctx_size=5, embed_size=8, num_heads=2, num_blocks=2)
    model = submission.model.TransformerLM(sizes)
    text = torch.randint(7, (90,), generator=rng)
    # Which ones have none is another check's business, in problem 6.
    gradients = parameter_gradients(submission, model, text[:40].view(8, 5), torch.randn(8, 5, 7, generator=rng))
    before = parameters(submission, model)
    config = _config(submission, batch_size=4, ctx_size=5, num_steps=3, learning_rate=0.01)
    submission.training.train(model, text, text, config, "cpu")
    after = parameters(submission, model)
    did = "Trained a small transformer for 3 steps"
    expect(before.keys() == after.keys() and len(before) > 0, did, "the parameters that it had before", "other ones")
    lost = [name for name, value in after.items() if not bool(value.isfinite().all())]
    expect(not lost, did, "numbers", f"NaN or infinity in {', '.join(lost)}")
    learning = [name for name in before if name not in gradients or bool((gradients[name] != 0).any())]
    same = [name for name in learning if torch.equal(before[name], after[name])]
    unmoved = f"that {len(same)} of {len(learning)} did not: {', '.join(same[:4])}"
    expect(not same, did, "that every parameter with a gradient changes", unmoved)


def _trained_on(submission: Submission, config: Any, text: Tensor, seed: int) -> list[Tensor]:
    """The batches that a training computes gradients for, begun with torch's global generator in this state."""
    model = submission.probes.bigram(torch.zeros(9, 9))
    submission.probes.seed_torch(seed)
    submission.training.train(model, text, text, config, "cpu")
    return [
        tokens
        for tokens, recorded in zip(shown_to(submission, model), recorded_by(submission, model), strict=False)
        if recorded
    ]


@number("2.18")
@covers("train")
@requires("estimate_loss", "get_batch")
@hint("One new batch for each update, and its sizes stand in the config.")
def test_training_uses_the_sizes_of_the_config(submission: Submission, rng: torch.Generator) -> None:
    """Each update is made from `batch_size` rows of `ctx_size` tokens."""
    config = _config(submission, batch_size=5, ctx_size=7, num_steps=4, eval_interval=2, eval_batches=3)
    trained_on = _trained_on(submission, config, torch.randint(9, (80,), generator=rng), seed=0)
    did = "Trained for 4 steps and counted the tokens that the model was shown while it recorded gradients"
    _expect_rows_of_seven(trained_on, 4 * 5, did, "num_steps * batch_size * ctx_size")


@number("2.19")
@covers("train")
@requires("estimate_loss", "get_batch")
@hint("Leave drawing to get_batch and the global generator: a seed that `train` sets is the same at every call.")
def test_the_global_generator_decides_the_training(submission: Submission, rng: torch.Generator) -> None:
    """`torch.manual_seed` decides which batches are trained on: other seeds give others, the same one the same."""
    # 30 starts out of 93 come out alike by chance with probability 93**-30.
    text, seed = torch.randint(9, (100,), generator=rng), int(torch.randint(2**31, (), generator=rng))
    config = _config(submission, batch_size=10, ctx_size=7, num_steps=3)
    first, again, other = (_trained_on(submission, config, text, chosen) for chosen in (seed, seed, seed + 1))
    did = "Trained for 3 steps and looked at the batches"
    expect(len(first) > 0, did, "that the model is called", "no call that records gradients")
    expect(_alike(again, first), f"{did}, twice after the same torch.manual_seed", "the same batches", "others")
    expect(not _alike(other, first), f"{did}, after two different seeds", "different batches", "the same ones")


def _alike(some: list[Tensor], others: list[Tensor]) -> bool:
    return len(some) == len(others) and all(map(torch.equal, some, others))
