"""The stages of training and sampling. Most use a `bigram`, a model whose scores are a table, so that all is known."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from support.checking import Submission, expect_shape
from support.replies import curve_of, kind_of
from support.reports import Generated, generated, parameters, recorded_by, shown_to

V = 6
LOW, HIGH = torch.tensor([0, 1, 2, 3, 4]), torch.tensor([5, 3, 1, 0, 2])  # with ctx_size 4 there is one place each
PLACES, STEPS = 4, 90  # that a place is never met has probability 4 * 0.75**90 < 1e-10
ROWS = 3000
SIGMAS = 6.0
LOGITS = torch.tensor([1.5, 0.5, 0.0, -0.7, -1.5, -2.5])


def _config(side: Submission, **changes: Any) -> Any:
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
    loss = side.training.estimate_loss(model, LOW, _config(side), "cpu")
    seen = sum(tokens.numel() for tokens in shown_to(side, model))
    return {"the loss": loss, "its kind": kind_of(loss), "tokens looked at": seen}


def _mean_of_batches(side: Submission) -> Values:
    """Where the batches differ: how far the estimate lies from the mean over those that the model was shown."""
    text = torch.arange(12)
    table = 2 * inputs.numbers("mean", 12, 12)
    model = side.probes.bigram(table)
    loss = side.training.estimate_loss(model, text, _config(side, batch_size=3, eval_batches=7), "cpu")
    tokens = torch.cat([shown.flatten() for shown in shown_to(side, model)])
    mean = -table.log_softmax(-1)[tokens, tokens + 1].mean()
    return {"the estimate less the mean over its batches": torch.as_tensor(float(loss) - float(mean)).round(decimals=4)}


def _estimate_leaves(side: Submission) -> Values:
    found: dict[str, Any] = {}
    for mode, name in ((True, "training"), (False, "evaluation")):
        model = side.probes.bigram(_table())
        model.train(mode)
        side.training.estimate_loss(model, LOW, _config(side), "cpu")
        found[f"a model in {name} mode is in training mode afterwards"] = model.training
        found["a gradient is recorded"] = any(recorded_by(side, model))
    batches = [_drawn(side, seed) for seed in (0, 1)]
    found["other random numbers, other batches"] = not torch.equal(*batches)
    return found


def _drawn(side: Submission, seed: int) -> Tensor:
    model = side.probes.bigram(torch.zeros(200, 200))
    side.probes.seed_torch(seed)
    side.training.estimate_loss(model, torch.arange(200), _config(side), "cpu")
    return torch.cat([shown.flatten() for shown in shown_to(side, model)])


def _training(side: Submission) -> Values:
    model = side.probes.bigram(_table())
    config = _config(side, num_steps=5, eval_interval=2)
    curve = curve_of(side.training.train(model, LOW, HIGH, config, "cpu"), "trained")
    return {
        "steps of the history": curve.steps,
        "train losses": torch.tensor(curve.train),
        "test losses": torch.tensor(curve.test),
        "scores afterwards": parameters(side, model)["table"],
    }


def _new_batches(side: Submission) -> Values:
    model = side.probes.bigram(torch.zeros(V, V))
    config = _config(side, batch_size=1, ctx_size=1, num_steps=STEPS, eval_interval=5)
    side.training.train(model, torch.arange(PLACES + 1), torch.full((9,), 5), config, "cpu")
    moved = (parameters(side, model)["table"] != 0).any(1)
    return {"tokens that were learned from": moved.nonzero().flatten().tolist()}


def _every_parameter(side: Submission) -> Values:
    model = inputs.model(side)
    before = parameters(side, model)
    config = _config(side, num_steps=2, eval_interval=2)
    text = inputs.tokens("every", len(inputs.VOCAB), 60)
    side.training.train(model, text, text, config, "cpu")
    after = parameters(side, model)
    same = [name for name, value in before.items() if name in after and torch.equal(value, after[name])]
    return {"parameters that training leaves as they were": sorted(same)}


def _one_step(side: Submission) -> Values:
    text = torch.tensor([inputs.VOCAB.index(letter) for letter in inputs.TRAIN_TEXT])
    model = inputs.model(side)
    config = _config(side, batch_size=1, ctx_size=inputs.T, num_steps=1, learning_rate=inputs.LEARNING_RATE)
    side.training.train(model, text, text, config, "cpu")
    names = ("token_embedding.weight", "lm_head.weight", "lm_head.bias", "final_norm.weight", "final_norm.bias")
    after = parameters(side, model)
    return {name: after[name] for name in names if name in after}


def _model(side: Submission, ctx: int) -> Any:
    return side.model.TransformerLM(side.model.ModelConfig(V, ctx, 4, 1, 1))


def _watch(side: Submission, ctx: int, prompt: Tensor, count: int, **options: Any) -> Generated:
    """Generate where each token has one successor for certain, unless another `table` is given."""
    table = options.pop("table", None)
    if table is None:
        table = torch.full((V, V), -30.0)
        table[torch.arange(V), (torch.arange(V) * 2 + 1) % V] = 30.0
    return generated(side, _model(side, ctx), table, prompt, count, **options)


def _windows(side: Submission) -> Values:
    found: dict[str, Any] = {}
    cases = {
        "short prompts": torch.tensor([[0, 4], [2, 5]]),
        "a prompt longer than the window": torch.tensor([[3, 3, 0, 1, 2, 4]]),
    }
    for name, prompt in cases.items():
        seen = _watch(side, 4, prompt, 6, seed=1)
        found[f"{name}, result"] = seen.result
        rows = [tuple(row) for shown in seen.shown if shown.dim() == 2 for row in shown.tolist()]
        found[f"{name}, windows shown to the model"] = sorted(rows)
    found["no new tokens, result"] = _watch(side, 4, cases["short prompts"], 0).result
    return found


def _frequencies(side: Submission) -> Values:
    table = LOGITS.expand(V, V).contiguous()
    prompts = torch.arange(ROWS).unsqueeze(1) % V  # so that the last token is not by chance the most probable one
    seen = _watch(side, 4, prompts, 1, table=table, seed=11)
    result = expect_shape(seen.result, (ROWS, 2), "generated one token for each row")
    counts = torch.bincount(result[:, 1].long(), minlength=V)
    expected = LOGITS.softmax(-1)
    return {
        f"a token of probability {p:.3f}": _as_often(int(n), float(p)) for n, p in zip(counts, expected, strict=False)
    }


def _as_often(count: int, p: float) -> str:
    if not count:
        return "never comes"
    far = SIGMAS * (ROWS * p * (1 - p)) ** 0.5
    if abs(count - ROWS * p) <= far:
        return "comes as often as it should"
    return "comes too often" if count > ROWS * p else "comes too seldom"


def _drawn_with(side: Submission) -> Values:
    prompt = torch.zeros(4, 1, dtype=torch.int64)

    def draw(seed: int | None, global_seed: int) -> Any:
        return _watch(side, 4, prompt, 20, table=torch.zeros(V, V), seed=seed, global_seed=global_seed).result

    first = draw(3, 0)
    return {
        "the same generator gives the same tokens": torch.equal(first, draw(3, 1)),
        "another generator gives others": not torch.equal(first, draw(4, 0)),
        "without one, the global generator decides": not torch.equal(draw(None, 0), draw(None, 1)),
        "rows are continued independently": not torch.equal(first[0], first[1]),
    }


def _generate_leaves(side: Submission) -> Values:
    prompt = torch.tensor([[0, 4, 1, 3, 2], [2, 5, 0, 1, 1]])
    found: dict[str, Any] = {}
    for mode, name in ((True, "training"), (False, "evaluation")):
        seen = _watch(side, 4, prompt, 5, training=mode)
        found[f"modules in training mode after a call in {name} mode"] = sorted(set(seen.modes))
        found["a gradient is recorded"] = seen.recorded
        found["the prompt afterwards"] = seen.prompt
    return found


_ESTIMATE = ("batch", "places", "loss", "text_untouched", "batch_generator")
_TRAIN = (*_ESTIMATE, "loss_gradient", "estimate", "estimate_mean", "estimate_leaves")
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
    Stage("estimate_leaves", 2, "what an estimate leaves behind", _estimate_leaves, builds_on=(*_ESTIMATE, "estimate")),
    Stage("training", 2, "five steps of training", _training, builds_on=_TRAIN, loose=10.0, trains=True),
    Stage("new_batches", 2, "what training is shown", _new_batches, builds_on=(*_TRAIN, "training"), trains=True),
    Stage(
        "every_parameter",
        2,
        "what training changes",
        _every_parameter,
        ("Block",),
        (*_TRAIN, *_MODEL, "training"),
        trains=True,
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
        trains=True,
    ),
    Stage("windows", 3, "what generate shows to the model", _windows),
    Stage("frequencies", 3, "how often a token is drawn", _frequencies, builds_on=("windows",)),
    Stage(
        "draws", 3, "what tokens are drawn with", _drawn_with, builds_on=("windows", "frequencies"), flow="continuation"
    ),
    Stage("generate_leaves", 3, "what generate leaves behind", _generate_leaves, builds_on=("windows",)),
)
