"""The stages of training. Most use a `bigram`, a model whose scores are a table, so that all is known."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from support.checking import Submission
from support.replies import curve_of, kind_of
from support.reports import parameters, recorded_by, shown_to

V = 6
LOW, HIGH = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([5, 3, 1, 0, 2])  # with ctx_size 4 there is one place each
PLACES, ROWS, STEPS = 4, 3, 30  # that a place is never met has probability 4 * 0.75**90 < 1e-10
MANY_ROWS = {"batch_size": 5, "ctx_size": 7}


def train_config(side: Submission, **changes: Any) -> Any:
    sizes = {
        "batch_size": 2,
        "ctx_size": 4,
        "num_steps": 0,
        "learning_rate": 0.05,
        "eval_interval": 1,
        "eval_batches": 3,
    }
    return side.training.TrainConfig(**{**sizes, **changes})


def _table() -> Tensor:
    return inputs.numbers("table", V, V)


def _estimate(side: Submission) -> Values:
    model = side.probes.bigram(_table())
    loss = side.training.estimate_loss(model, LOW, train_config(side), "cpu")
    seen = sum(tokens.numel() for tokens in shown_to(side, model))
    return {"the loss": loss, "its kind": kind_of(loss), "tokens looked at": seen}


def _mean_of_batches(side: Submission) -> Values:
    """Where the batches differ: how far the estimate lies from the mean over those that the model was shown."""
    text = torch.arange(12)
    table = 2 * inputs.numbers("mean", 12, 12)
    model = side.probes.bigram(table)
    loss = side.training.estimate_loss(model, text, train_config(side, batch_size=3, eval_batches=7), "cpu")
    tokens = torch.cat([shown.flatten() for shown in shown_to(side, model)])
    mean = -table.log_softmax(-1)[tokens, tokens + 1].mean()
    return {"the estimate less the mean over its batches": torch.as_tensor(float(loss) - float(mean)).round(decimals=4)}


def _estimate_leaves(side: Submission) -> Values:
    found: dict[str, Any] = {}
    for mode, name in ((True, "training"), (False, "evaluation")):
        model = side.probes.bigram(_table())
        model.train(mode)
        side.training.estimate_loss(model, LOW, train_config(side), "cpu")
        found[f"a model in {name} mode is in training mode afterwards"] = model.training
        found["a gradient is recorded"] = any(recorded_by(side, model))
    batches = [_drawn(side, seed) for seed in (0, 1)]
    found["other random numbers, other batches"] = not torch.equal(*batches)
    return found


def _estimate_is_shown(side: Submission) -> Values:
    model = side.probes.bigram(torch.zeros(V, V))
    side.training.estimate_loss(model, _text_of_places(), train_config(side, **MANY_ROWS, eval_batches=6), "cpu")
    return _rows(shown_to(side, model))


def _rows(shown: list[Tensor]) -> dict[str, Any]:
    """What can be said of batches of `MANY_ROWS`, whether they are given to the model at once or row by row.

    Of 73 places, 20 rows or more have 5 or fewer with probability 73**5 / 5! * (5 / 73)**20, less than 1e-15.
    """
    rows = [tuple(row) for tokens in shown if tokens.dim() for row in tokens.reshape(-1, tokens.shape[-1]).tolist()]
    return {
        "tokens in all": sum(map(len, rows)),
        "tokens in a row": sorted(set(map(len, rows))),
        "more rows than one batch has": len(set(rows)) > MANY_ROWS["batch_size"],
    }


def _text_of_places() -> Tensor:
    return inputs.tokens("places", V, 80)


def _drawn(side: Submission, seed: int) -> Tensor:
    model = side.probes.bigram(torch.zeros(200, 200))
    side.probes.seed_torch(seed)
    side.training.estimate_loss(model, torch.arange(200), train_config(side), "cpu")
    return torch.cat([shown.flatten() for shown in shown_to(side, model)])


def _training(side: Submission) -> Values:
    model = side.probes.bigram(_table())
    config = train_config(side, num_steps=5, eval_interval=2)
    curve = curve_of(side.training.train(model, LOW, HIGH, config, "cpu"), "trained")
    return {
        "steps of the history": curve.steps,
        "train losses": torch.tensor(curve.train),
        "test losses": torch.tensor(curve.test),
        "scores afterwards": parameters(side, model)["table"],
    }


def _new_batches(side: Submission) -> Values:
    model = side.probes.bigram(torch.zeros(V, V))
    config = train_config(side, batch_size=ROWS, ctx_size=1, num_steps=STEPS, eval_interval=5, eval_batches=1)
    side.training.train(model, torch.arange(PLACES + 1), torch.full((9,), 5), config, "cpu")
    moved = (parameters(side, model)["table"] != 0).any(1)
    return {"tokens that were learned from": moved.nonzero().flatten().tolist()}


def _updates(side: Submission) -> Values:
    first, again, other = (_trained_on(side, seed) for seed in (0, 0, 1))
    return {
        **_rows(first),
        "the same random numbers, the same batches": _alike(first, again),
        "other random numbers, other batches": not _alike(first, other),
    }


def _trained_on(side: Submission, seed: int) -> list[Tensor]:
    """The batches that gradients are computed for."""
    model = side.probes.bigram(torch.zeros(V, V))
    side.probes.seed_torch(seed)
    config = train_config(side, **MANY_ROWS, num_steps=4, eval_interval=2)
    side.training.train(model, _text_of_places(), _text_of_places(), config, "cpu")
    shown, recorded = shown_to(side, model), recorded_by(side, model)
    return [tokens for tokens, is_recorded in zip(shown, recorded, strict=False) if is_recorded]


def _alike(some: list[Tensor], others: list[Tensor]) -> bool:
    return len(some) == len(others) and all(map(torch.equal, some, others))


def _no_steps(side: Submission) -> Values:
    model = side.probes.bigram(_table())
    curve = curve_of(side.training.train(model, LOW, HIGH, train_config(side, eval_interval=2), "cpu"), "trained")
    return {"steps of the history": curve.steps, "scores afterwards": parameters(side, model)["table"]}


def _every_parameter(side: Submission) -> Values:
    model = inputs.model(side)
    before = parameters(side, model)
    config = train_config(side, num_steps=2, eval_interval=2, eval_batches=1)
    text = inputs.tokens("every", len(inputs.VOCAB), 60)
    side.training.train(model, text, text, config, "cpu")
    after = parameters(side, model)
    same = [name for name, value in before.items() if name in after and torch.equal(value, after[name])]
    return {"parameters that training leaves as they were": sorted(same)}


def _one_step(side: Submission) -> Values:
    text = torch.tensor([inputs.VOCAB.index(letter) for letter in inputs.TRAIN_TEXT])
    model = inputs.model(side)
    config = train_config(
        side, batch_size=1, ctx_size=inputs.T, num_steps=1, learning_rate=inputs.LEARNING_RATE, eval_batches=1
    )
    side.training.train(model, text, text, config, "cpu")
    names = ("token_embedding.weight", "lm_head.weight", "lm_head.bias", "final_norm.weight", "final_norm.bias")
    after = parameters(side, model)
    return {name: after[name] for name in names if name in after}


_ESTIMATE = ("batch", "places", "loss", "text_untouched", "batch_generator")
_TRAIN = (*_ESTIMATE, "loss_gradient", "estimate", "estimate_mean", "estimate_batches", "estimate_leaves")
_MODEL = (
    "logits",
    "embedded",
    "parameters",
    "block",
    "block_untouched",
    "projected",
    "feed_forward",
    "head",
    "gradients",
)

STAGES = (
    Stage("estimate", 2, "estimated loss", _estimate, builds_on=_ESTIMATE),
    Stage("estimate_mean", 2, "an estimate is a mean", _mean_of_batches, builds_on=(*_ESTIMATE, "estimate")),
    Stage("estimate_batches", 2, "what an estimate is shown", _estimate_is_shown, builds_on=(*_ESTIMATE, "estimate")),
    Stage("estimate_leaves", 2, "what an estimate leaves behind", _estimate_leaves, builds_on=(*_ESTIMATE, "estimate")),
    Stage("training", 2, "five steps of training", _training, builds_on=_TRAIN, loose=10.0),
    Stage("new_batches", 2, "what training is shown", _new_batches, builds_on=(*_TRAIN, "training")),
    Stage("updates", 2, "what each step is made from", _updates, builds_on=(*_TRAIN, "training", "new_batches")),
    Stage("no_steps", 2, "training for no steps", _no_steps, builds_on=(*_TRAIN, "training")),
    Stage(
        "every_parameter",
        2,
        "what training changes",
        _every_parameter,
        ("Block",),
        (*_TRAIN, *_MODEL, "training"),
    ),
    Stage(
        "one_step",
        2,
        "one optimiser step",
        _one_step,
        ("Block",),
        (*_TRAIN, *_MODEL, "training", "every_parameter"),
        flow="step",
        loose=10.0,
    ),
)
