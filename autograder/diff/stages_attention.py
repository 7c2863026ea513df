"""The stages inside attention: scores, mask, probabilities, a head, and heads side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from support.checking import Submission, expect_floats
from support.reports import input_gradients, inputs_after, parameter_gradients

INSIDE_A_HEAD = ("attention_scores", "causal_mask", "attention_probs")
FAR_BELOW = 200.0  # a score so much under the smallest of the others has probability 0 in float32


def _scores(side: Submission, sizes: list[tuple[int, int, int]]) -> Values:
    found: dict[str, Any] = {}
    for B, T, H in sizes:
        q, k = (inputs.numbers(f"{name} {B} {T} {H}", B, T, H) for name in "qk")
        found[f"B={B}, T={T}, H={H}"] = side.attention.attention_scores(q, k)
    return found


def _scores_untouched(side: Submission) -> Values:
    q, k = inputs.numbers("q", 2, 3, 4), inputs.numbers("k", 2, 3, 4)
    return dict(zip(("q", "k"), inputs_after(side, side.attention.attention_scores, q, k), strict=True))


def _scores_gradient(side: Submission) -> Values:
    q, k, back = inputs.numbers("q", 2, 3, 4), inputs.numbers("k", 2, 3, 4), inputs.numbers("back", 2, 3, 3)
    return dict(zip(("q", "k"), input_gradients(side, side.attention.attention_scores, back, q, k), strict=True))


def _masked(side: Submission) -> Values:
    found: dict[str, Any] = {}
    for B, T, ctx in ((2, 4, 4), (3, 3, 6), (1, 1, 2)):
        scores = inputs.numbers(f"mask {T}", B, T, T)
        masked = side.attention.causal_mask(scores.clone(), torch.ones(ctx, ctx).tril())
        found[f"T={T}, ctx_size={ctx}"] = settled(masked)
    return found


def _mask_holds(side: Submission) -> Values:
    """The future when its own scores are huge and those of the past are tiny."""
    future = torch.ones(1, 3, 3).triu(1) == 1
    scores = torch.where(future, torch.tensor(3e4), torch.tensor(-3e4))
    masked = expect_floats(side.attention.causal_mask(scores, torch.ones(3, 3).tril()), (1, 3, 3), "masked scores")
    return {"probabilities": masked.softmax(-1)}


def _mask_of_any_dtype(side: Submission) -> Values:
    scores = inputs.numbers("mask", 2, 3, 3)
    return {
        f"tril of {str(dtype).removeprefix('torch.')}": settled(
            side.attention.causal_mask(scores.clone(), torch.ones(4, 4).tril().to(dtype))
        )
        for dtype in (torch.float64, torch.int64, torch.bool)
    }


def _mask_untouched(side: Submission) -> Values:
    scores, tril = inputs.numbers("mask", 2, 3, 3), torch.ones(4, 4).tril()
    return dict(zip(("scores", "tril"), inputs_after(side, side.attention.causal_mask, scores, tril), strict=True))


def settled(masked: Any) -> Any:
    """Masked scores with -inf in the place of whatever has probability 0 anyway, as -1e9 or the smallest float."""
    if not isinstance(masked, Tensor) or masked.dim() < 2 or not masked.is_floating_point():
        return masked
    future = torch.ones(masked.shape[-2:], dtype=torch.bool).triu(1).expand(masked.shape)
    present = masked.masked_select(~future)
    if not present.numel() or not bool(present.isfinite().all()):
        return masked
    return masked.masked_fill(future & (masked < present.min() - FAR_BELOW), float("-inf"))


def _probs(dims: list[int]) -> Callable[[Submission], Values]:
    def look(side: Submission) -> Values:
        scores = inputs.numbers("probs", 3, 4, 4)
        masked = scores.masked_fill(torch.ones(4, 4).tril() == 0, float("-inf"))
        found: dict[str, Any] = {}
        for dim in dims:
            found[f"scores, dim={dim}"] = side.attention.attention_probs(scores.clone(), dim)
            found[f"masked scores, dim={dim}"] = side.attention.attention_probs(masked.clone(), dim)
        return found

    return look


def _probs_of_large_scores(side: Submission) -> Values:
    scores = inputs.numbers("large", 2, 3, 3) + torch.tensor([[[0.0], [300.0], [-300.0]]])
    return {
        "rows 300 apart, dim=-1": side.attention.attention_probs(scores.clone(), -1),
        "columns 300 apart, dim=1": side.attention.attention_probs(scores.transpose(1, 2).contiguous(), 1),
    }


def _head(side: Submission, softmax_dim: int = -1) -> Any:
    made = side.attention.Head(inputs.E, inputs.H, inputs.CTX, softmax_dim)
    return inputs.set_weights(side, made, inputs.weights(inputs.head_shapes(inputs.E, inputs.H), "head"))


def _attention(side: Submission, softmax_dim: int = -1) -> Any:
    made = side.attention.MultiHeadAttention(inputs.E, inputs.HEADS, inputs.CTX, softmax_dim)
    return inputs.set_weights(side, made, inputs.weights(inputs.attention_shapes(inputs.E, inputs.HEADS), "attention"))


def _x(name: str, B: int = 2, T: int = 7) -> Tensor:
    return inputs.numbers(name, B, T, inputs.E)


def _projections(side: Submission) -> Values:
    out = traced(side, _head(side), _x("head"))["out"]
    return {name: out[name] for name in ("query", "key", "value") if name in out}


def _head_output(side: Submission, softmax_dim: int = -1) -> Values:
    head = _head(side, softmax_dim)
    return {f"B={B}, T={T}": head(_x(f"head {T}", B, T)) for B, T in ((2, 7), (1, inputs.CTX), (3, 1))}


def _head_evaluated(side: Submission, softmax_dim: int = -1) -> Values:
    head = _head(side, softmax_dim)
    head.eval()
    return {"in evaluation mode": head(_x("head"))}


def _head_gradients(side: Submission) -> Values:
    back = inputs.numbers("back", 2, 7, inputs.H)
    return parameter_gradients(side, _head(side), _x("head"), back)


def _concatenated(side: Submission) -> Values:
    into = traced(side, _attention(side), _x("attention"))["into"]
    return {"what proj reads": into["proj"]} if "proj" in into else {}


def _projected(side: Submission, softmax_dim: int = -1) -> Values:
    attention = _attention(side, softmax_dim)
    return {f"B={B}, T={T}": attention(_x(f"attention {T}", B, T)) for B, T in ((2, 7), (1, inputs.CTX))}


def traced(side: Submission, module: Any, x: Tensor) -> dict[str, Any]:
    """What `probes.trace` reports, also of a module that raised on its way. Raises TypeError for no such report."""
    report = side.probes.trace(module, x)
    if not isinstance(report, dict) or set(report) != {"result", "raised", "into", "out", "inside"}:
        raise TypeError("the submission's process reported something else")
    if not all(isinstance(report[name], Mapping) for name in ("into", "out", "inside")):
        raise TypeError("the submission's process reported something else")
    return report


_SCORES, _MASK, _PROBS = ("scores", "scaled"), ("masked", "mask_holds"), ("probs", "probs_dim_1")
_BELOW_HEAD = (*_SCORES, *_MASK, *_PROBS, "scores_untouched", "mask_untouched", "mask_any_dtype", "probs_large")

STAGES = (
    Stage("scores", 7, "scores, where the scale is 1", lambda side: _scores(side, [(2, 3, 1), (1, 4, 1)])),
    Stage(
        "scaled",
        7,
        "scaled scores",
        lambda side: _scores(side, [(2, 4, 3), (3, 2, 5), (1, 1, 4), (1, 6, 16)]),
        builds_on=("scores",),
        flow="scaled",
    ),
    Stage("scores_untouched", 7, "queries and keys afterwards", _scores_untouched, builds_on=("scores",)),
    Stage("scores_gradient", 7, "gradient through the scores", _scores_gradient, builds_on=_SCORES),
    Stage("masked", 8, "masked scores", _masked, flow="masked"),
    Stage("mask_holds", 8, "a mask over huge scores", _mask_holds, builds_on=("masked",)),
    Stage("mask_untouched", 8, "scores and tril afterwards", _mask_untouched, builds_on=("masked",)),
    Stage(
        "mask_any_dtype",
        8,
        "a mask from a tril of any dtype",
        _mask_of_any_dtype,
        builds_on=("masked", "mask_untouched"),
    ),
    Stage("probs", 9, "probabilities, dim=-1", _probs([-1, 2]), flow="probs"),
    Stage("probs_dim_1", 9, "probabilities, dim=1", _probs([1, -2]), builds_on=("probs",)),
    Stage("probs_large", 9, "probabilities of large scores", _probs_of_large_scores, builds_on=_PROBS),
    Stage("q_k_v", 6, "q, k, v", _projections, optional=True, flow="q_k_v"),
    Stage("head", 6, "a head's output", _head_output, INSIDE_A_HEAD, _BELOW_HEAD, flow="head"),
    Stage(
        "head_gradient",
        6,
        "gradient through a head",
        _head_gradients,
        INSIDE_A_HEAD,
        (*_BELOW_HEAD, "head", "scores_gradient"),
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
        "attention_dim_1",
        9,
        "projected, softmax_dim=1",
        lambda side: _projected(side, 1),
        ("Head",),
        (*_BELOW_HEAD, "head", "head_dim_1", "projected"),
    ),
)
