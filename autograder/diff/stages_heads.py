"""The stages of a head, and of heads side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from autograder.diff.stages_attention import STAGES as INSIDE
from support.checking import Submission
from support.reports import parameter_gradients

INSIDE_A_HEAD = ("attention_scores", "causal_mask", "attention_probs")
MANY = 12  # heads of size 1: more than have names of one digit
_GRADIENTS = ("scores_gradient", "mask_gradient", "probs_gradient")
_BELOW_HEAD = tuple(stage.id for stage in INSIDE if stage.id not in _GRADIENTS)


def _head(side: Submission, softmax_dim: int = -1) -> Any:
    made = side.attention.Head(inputs.E, inputs.H, inputs.CTX, softmax_dim)
    return inputs.set_weights(side, made, inputs.weights(inputs.head_shapes(inputs.E, inputs.H), "head"))


def _attention(side: Submission, softmax_dim: int = -1, embed: int = inputs.E, heads: int = inputs.HEADS) -> Any:
    made = side.attention.MultiHeadAttention(embed, heads, inputs.CTX, softmax_dim)
    return inputs.set_weights(side, made, inputs.weights(inputs.attention_shapes(embed, heads), "attention"))


def _x(name: str, B: int = 2, T: int = 7, embed: int = inputs.E) -> Tensor:
    return inputs.numbers(name, B, T, embed)


def _projections(side: Submission) -> Values:
    report, x = traced(side, _head(side), _x("head")), _x("head")
    return {name: report["out"][name] for name in ("query", "key", "value") if projects(report, name, x)}


def projects(report: Mapping[str, Any], name: str, x: Any) -> bool:
    """Whether a layer was called with just x: values may as well be projected after they are weighed."""
    given = report["into"].get(name)
    return isinstance(given, Tensor) and isinstance(x, Tensor) and name in report["out"] and torch.equal(given, x)


def _head_output(side: Submission, softmax_dim: int = -1) -> Values:
    head = _head(side, softmax_dim)
    return {f"B={B}, T={T}": head(_x(f"head {T}", B, T)) for B, T in ((2, 7), (1, inputs.CTX), (3, 1))}


def _head_evaluated(side: Submission, softmax_dim: int = -1) -> Values:
    head = _head(side, softmax_dim)
    head.eval()
    return {"in evaluation mode": head(_x("head"))}


def _head_reweighted(side: Submission) -> Values:
    """In evaluation mode, where whoever keeps weights in a form of his own sees no need to look again."""
    head = _head(side)
    head.eval()
    head(_x("head"))
    inputs.set_weights(side, head, inputs.weights(inputs.head_shapes(inputs.E, inputs.H), "other"))
    return {"with other weights": head(_x("head"))}


def _head_gradients(side: Submission) -> Values:
    back = inputs.numbers("back", 2, 7, inputs.H)
    return parameter_gradients(side, _head(side), _x("head"), back)


def _concatenated(side: Submission) -> Values:
    into = traced(side, _attention(side), _x("attention"))["into"]
    return {"what proj reads": into["proj"]} if "proj" in into else {}


def _projected(side: Submission, softmax_dim: int = -1) -> Values:
    attention = _attention(side, softmax_dim)
    found = {f"B={B}, T={T}": attention(_x(f"attention {T}", B, T)) for B, T in ((2, 7), (1, inputs.CTX))}
    for heads in (1, MANY):
        other = _attention(side, softmax_dim, embed=MANY, heads=heads)
        found[f"B=1, T=3, of {heads}"] = other(_x("other", 1, 3, MANY))
    return found


def _attention_gradients(side: Submission) -> Values:
    attention, x, back = _attention(side), _x("attention"), inputs.numbers("back", 2, 7, inputs.E)
    found = parameter_gradients(side, attention, x, back)
    attention.eval()
    evaluated = parameter_gradients(side, attention, x, back)
    return {**found, **{f"{name}, in evaluation mode": gradient for name, gradient in evaluated.items()}}


def traced(side: Submission, module: Any, x: Tensor) -> dict[str, Any]:
    """What `probes.trace` reports, also of a module that raised on its way. Raises TypeError for no such report."""
    report = side.probes.trace(module, x)
    if not isinstance(report, dict) or set(report) != {"result", "raised", "into", "out", "inside"}:
        raise TypeError("the submission's process reported something else")
    if not all(isinstance(report[name], Mapping) for name in ("into", "out", "inside")):
        raise TypeError("the submission's process reported something else")
    return report


STAGES = (
    Stage("q_k_v", 6, "q, k, v", _projections, optional=True, flow="q_k_v"),
    Stage("head", 6, "a head's output", _head_output, INSIDE_A_HEAD, _BELOW_HEAD, flow="head"),
    Stage(
        "head_gradient",
        6,
        "gradient through a head",
        _head_gradients,
        INSIDE_A_HEAD,
        (*_BELOW_HEAD, *_GRADIENTS, "head"),
    ),
    Stage(
        "head_dim_1",
        9,
        "a head's output, softmax_dim=1",
        lambda side: _head_output(side, 1),
        INSIDE_A_HEAD,
        (*_BELOW_HEAD, "head"),
    ),
    Stage("head_evaluated", 8, "a head's output in evaluation mode", _head_evaluated, builds_on=(*_BELOW_HEAD, "head")),
    Stage(
        "head_reweighted",
        6,
        "a head that is given other weights",
        _head_reweighted,
        builds_on=(*_BELOW_HEAD, "head", "head_evaluated"),
    ),
    Stage(
        "head_dim_1_evaluated",
        10,
        "the same, softmax_dim=1",
        lambda side: _head_evaluated(side, 1),
        builds_on=(*_BELOW_HEAD, "head", "head_dim_1", "head_evaluated"),
    ),
    Stage(
        "concatenated",
        6,
        "heads side by side",
        _concatenated,
        ("Head",),
        (*_BELOW_HEAD, "head", "q_k_v"),
        optional=True,
        flow="concatenated",
    ),
    Stage("projected", 6, "projected", _projected, ("Head",), (*_BELOW_HEAD, "head", "concatenated"), flow="projected"),
    Stage(
        "attention_gradient",
        6,
        "gradient through attention",
        _attention_gradients,
        ("Head",),
        (*_BELOW_HEAD, *_GRADIENTS, "head", "head_gradient", "head_evaluated", "concatenated", "projected"),
        loose=10.0,
    ),
    Stage(
        "attention_dim_1",
        9,
        "projected, softmax_dim=1",
        lambda side: _projected(side, 1),
        ("Head",),
        (*_BELOW_HEAD, "head", "head_dim_1", "projected"),
    ),
)
