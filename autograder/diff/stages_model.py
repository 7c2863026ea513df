"""The stages from the feed-forward layer to the gradients: block, model, loss."""

from __future__ import annotations

from typing import Any

import torch

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from autograder.diff.stages_heads import traced
from support.checking import Submission
from support.reports import inputs_after, parameter_gradients, parameters

E, CTX = inputs.E, inputs.CTX
BELOW_BLOCK = ("projected", "feed_forward", "head_evaluated")
BELOW_MODEL = (*BELOW_BLOCK, "block", "block_untouched", "embedded", "parameters", "block_parameters")


def _feed_forward(side: Submission) -> Any:
    shapes = inputs.feed_forward_shapes(E)
    return inputs.set_weights(side, side.model.FeedForward(E), inputs.weights(shapes, "feed_forward"))


def _feed_forward_output(side: Submission) -> Values:
    made = _feed_forward(side)
    x = inputs.numbers("feed_forward", 2, 5, E)
    x[:, 1] = 0.0  # a position like any other
    return {"B=2, T=5": made(x), "B=1, T=1": made(inputs.numbers("feed_forward", 1, 1, E))}


def _feed_forward_gradients(side: Submission) -> Values:
    x, back = inputs.numbers("feed_forward", 2, 5, E), inputs.numbers("back", 2, 5, E)
    return parameter_gradients(side, _feed_forward(side), x, back)


def _block(side: Submission, softmax_dim: int = -1) -> Any:
    made = side.model.Block(E, inputs.HEADS, CTX, softmax_dim)
    return inputs.set_weights(side, made, inputs.weights(inputs.block_shapes(E, inputs.HEADS), "block"))


def _residual(side: Submission) -> Values:
    into = traced(side, _block(side), inputs.numbers("block", 2, 6, E))["into"]
    return {"what feed_forward_norm reads": into["feed_forward_norm"]} if "feed_forward_norm" in into else {}


def _block_output(side: Submission, softmax_dim: int = -1) -> Values:
    block = _block(side, softmax_dim)
    return {f"B={B}, T={T}": block(inputs.numbers("block", B, T, E)) for B, T in ((2, 6), (1, 1))}


def _block_gradients(side: Submission) -> Values:
    back = inputs.numbers("back", 2, 6, E)
    return parameter_gradients(side, _block(side), inputs.numbers("block", 2, 6, E), back)


def _block_untouched(side: Submission) -> Values:
    return {"x": inputs_after(side, _block(side), inputs.numbers("block", 2, 6, E))[0]}


def _parameters(side: Submission, in_blocks: bool) -> Values:
    sizes = side.model.ModelConfig(9, 5, 12, 2, 3)
    found = parameters(side, side.model.TransformerLM(sizes))
    return {name: list(value.shape) for name, value in sorted(found.items()) if name.startswith("blocks.") is in_blocks}


def _embedded(side: Submission) -> Values:
    """Of one sequence, so that what mixes sequences shows at the logits."""
    into = traced(side, inputs.model(side), inputs.tokens("embedded", len(inputs.VOCAB), 1, 9))["into"]
    return {"what the first block reads": into["blocks.0"]} if "blocks.0" in into else {}


def _normed(side: Submission) -> Values:
    into = traced(side, inputs.model(side), inputs.tokens("normed", len(inputs.VOCAB), 1, 9))["into"]
    return {"what lm_head reads": into["lm_head"]} if "lm_head" in into else {}


def _logits(side: Submission, **changes: int) -> Values:
    model = inputs.model(side, **changes)
    sizes = ((3, 7), (2, CTX), (1, 1))
    found = {f"B={B}, T={T}": model(inputs.tokens(f"logits {T}", len(inputs.VOCAB), B, T)) for B, T in sizes}
    model.eval()
    return {**found, "in evaluation mode": model(inputs.tokens("evaluated", len(inputs.VOCAB), 2, 7))}


def _loss(side: Submission) -> Values:
    found: dict[str, Any] = {}
    for B, T, V in ((2, 3, 5), (3, 3, 3), (1, 1, 4), (37, 41, 3)):
        logits, y = 2 * inputs.numbers(f"loss {V}", B, T, V), inputs.tokens(f"loss {V}", V, B, T)
        found[f"B={B}, T={T}, V={V}"] = side.training.loss_fn(logits, y)
    large = 8 * inputs.numbers("loss 6", 2, 7, 6)
    found["logits far from 0"] = side.training.loss_fn(large, inputs.tokens("loss 6", 6, 2, 7))
    found["logits 300 apart"] = side.training.loss_fn(torch.tensor([[[0.0, 300.0]]]), torch.tensor([[0]]))
    apart = torch.tensor([[[300.0, 299.0], [0.0, 1.0]]])
    found["positions 300 apart"] = side.training.loss_fn(apart, torch.tensor([[0, 0]]))
    return found


def _loss_gradient(side: Submission) -> Values:
    logits, y = inputs.numbers("loss", 2, 3, 5), inputs.tokens("loss", 5, 2, 3)
    return {"logits": side.probes.loss_gradient(side.training.loss_fn, logits, y)}


def _gradients(side: Submission) -> Values:
    tokens = inputs.tokens("gradients", len(inputs.VOCAB), 2, 7)
    back = inputs.numbers("back", 2, 7, len(inputs.VOCAB))
    return parameter_gradients(side, inputs.model(side), tokens, back)


def _unchanged_past(side: Submission) -> Values:
    """The logits of a model in evaluation mode before and after its last token is changed, at the other positions."""
    model = inputs.model(side)
    model.eval()
    before = inputs.tokens("past", len(inputs.VOCAB), 2, 8)
    after = before.clone()
    after[:, -1] = (before[:, -1] + 1) % len(inputs.VOCAB)
    change = (model(after) - model(before))[:, :-1]
    return {"how far earlier logits move": torch.round(change.abs().amax(), decimals=4)}


PARTS_OF_A_BLOCK = ("MultiHeadAttention", "FeedForward")
GRADIENTS = ("head_gradient", "attention_gradient", "feed_forward_gradient")

STAGES = (
    Stage("block_parameters", 6, "parameters of the blocks", lambda side: _parameters(side, True)),
    Stage(
        "parameters",
        5,
        "parameters beside the blocks",
        lambda side: _parameters(side, False),
        builds_on=("block_parameters",),
    ),
    Stage(
        "embedded",
        6,
        "embeddings of tokens and positions",
        _embedded,
        builds_on=("parameters", "block_parameters"),
        optional=True,
        flow="embedded",
    ),
    Stage("feed_forward", 6, "feed-forward", _feed_forward_output, flow="feed_forward"),
    Stage(
        "feed_forward_gradient",
        6,
        "gradient through feed-forward",
        _feed_forward_gradients,
        builds_on=("feed_forward",),
        loose=10.0,
    ),
    Stage(
        "residual",
        6,
        "residual: x plus attention",
        _residual,
        PARTS_OF_A_BLOCK,
        BELOW_BLOCK,
        optional=True,
        flow="residual",
    ),
    Stage("block", 6, "block output", _block_output, PARTS_OF_A_BLOCK, (*BELOW_BLOCK, "residual"), flow="block"),
    Stage("block_untouched", 6, "a block's input afterwards", _block_untouched, builds_on=("block", *BELOW_BLOCK)),
    Stage(
        "block_gradient",
        6,
        "gradient through a block",
        _block_gradients,
        PARTS_OF_A_BLOCK,
        (*BELOW_BLOCK, *GRADIENTS, "residual", "block"),
        loose=10.0,
    ),
    Stage(
        "block_dim_1",
        9,
        "block output, softmax_dim=1",
        lambda side: _block_output(side, 1),
        PARTS_OF_A_BLOCK,
        (*BELOW_BLOCK, "residual", "block", "attention_dim_1"),
    ),
    Stage("normed", 5, "final norm", _normed, ("Block",), BELOW_MODEL, optional=True, flow="normed"),
    Stage("logits", 5, "logits", _logits, ("Block",), (*BELOW_MODEL, "normed"), flow="logits"),
    Stage(
        "logits_dim_1",
        9,
        "logits, softmax_dim=1",
        lambda side: _logits(side, softmax_dim=1),
        ("Block",),
        (*BELOW_MODEL, "normed", "logits", "block_dim_1", "head_dim_1_evaluated"),
    ),
    Stage("past", 8, "earlier logits when a later token changes", _unchanged_past, builds_on=(*BELOW_MODEL, "logits")),
    Stage("loss", 5, "loss", _loss, flow="loss"),
    Stage("loss_gradient", 5, "gradient of the loss", _loss_gradient, builds_on=("loss",)),
    Stage(
        "gradients",
        5,
        "gradient of each parameter",
        _gradients,
        ("Block",),
        (*BELOW_MODEL, "logits", "block_gradient", *GRADIENTS),
        flow="gradients",
        loose=10.0,
    ),
)
