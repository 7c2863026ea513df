"""The stages inside a head: scores, mask, probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Stage, Values
from support.checking import Submission, expect_floats
from support.reports import input_gradients, inputs_after

LARGE = 10.0
FAR_BELOW = 200.0  # a score so much under the smallest of the others has probability 0 in float32


def _scores(side: Submission, sizes: list[tuple[int, int, int]], factor: float = 1.0) -> Values:
    found: dict[str, Any] = {}
    for B, T, H in sizes:
        q, k = (factor * inputs.numbers(f"{name} {B} {T} {H}", B, T, H) for name in "qk")
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
    for B, T, ctx in ((2, 4, 4), (3, 3, 6), (1, 1, 2), (2, 9, 11)):
        scores = inputs.numbers(f"mask {T}", B, T, T)
        scores[:, ::2, 0] = 0.0  # a score like any other
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
    scores, tril = inputs.numbers("mask", 2, 3, 3), torch.ones(4, 4).tril()
    kinds = {
        **{f"of {str(dtype).removeprefix('torch.')}": tril.to(dtype) for dtype in (torch.float64, torch.int64)},
        "of bool": tril.bool(),
        "with 2 in the place of 1": 2 * tril,
        "with 0.5 in the place of 1": tril / 2,
    }
    return {f"tril {kind}": settled(side.attention.causal_mask(scores.clone(), given)) for kind, given in kinds.items()}


def _mask_gradient(side: Submission) -> Values:
    """On and below the diagonal: what is added to the future, or filled in, may let its gradient through or not."""
    scores, back = inputs.numbers("mask", 2, 4, 4), inputs.numbers("back", 2, 4, 4)
    found, _ = input_gradients(side, side.attention.causal_mask, back, scores, torch.ones(6, 6).tril())
    return {"scores that stay": found.tril()}


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
        scores[:, ::2, 0] = 0.0  # a score like any other
        masked = scores.masked_fill(torch.ones(4, 4).tril() == 0, float("-inf"))
        found: dict[str, Any] = {}
        for dim in dims:
            found[f"scores, dim={dim}"] = side.attention.attention_probs(scores.clone(), dim)
            found[f"masked scores, dim={dim}"] = probs = side.attention.attention_probs(masked.clone(), dim)
            if isinstance(probs, Tensor):
                found[f"masked scores, dim={dim}, how many are exactly 0"] = int((probs == 0).sum())
        return found

    return look


def _probs_along_others(side: Submission) -> Values:
    one = inputs.numbers("one", 4, 1, 1)
    return {**_probs([1, -2])(side), "scores of one position, dim=0": side.attention.attention_probs(one, 0)}


def _probs_of_large_scores(side: Submission) -> Values:
    scores = inputs.numbers("large", 2, 3, 3) + torch.tensor([[[0.0], [300.0], [-300.0]]])
    apart = torch.tensor([[[0.0, -12.0]]]).expand(1, 2, 2)
    small = expect_floats(side.attention.attention_probs(apart.clone(), -1), (1, 2, 2), "probabilities")
    return {
        "rows 300 apart, dim=-1": side.attention.attention_probs(scores.clone(), -1),
        "columns 300 apart, dim=1": side.attention.attention_probs(scores.transpose(1, 2).contiguous(), 1),
        # As they are, the smaller ones lie within the tolerance.
        "scores 12 apart, dim=-1, a thousandfold": 1000 * small,
    }


def _probs_gradient(side: Submission) -> Values:
    scores, back = inputs.numbers("probs", 3, 4, 4), inputs.numbers("back", 3, 4, 4)
    return {"scores": input_gradients(side, side.attention.attention_probs, back, scores)[0]}


_SCORES, _MASK, _PROBS = ("scores", "scaled"), ("masked", "mask_holds"), ("probs", "probs_dim_1")

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
    Stage(
        "scores_large",
        7,
        "scores of large queries and keys",
        lambda side: _scores(side, [(2, 5, 4)], LARGE),
        builds_on=("scores", "scaled"),
        loose=LARGE**2,
    ),
    Stage("scores_untouched", 7, "queries and keys afterwards", _scores_untouched, builds_on=("scores",)),
    Stage("scores_gradient", 7, "gradient through the scores", _scores_gradient, builds_on=_SCORES),
    Stage("masked", 8, "masked scores", _masked, flow="masked"),
    Stage("mask_holds", 8, "a mask over huge scores", _mask_holds, builds_on=("masked",)),
    Stage("mask_gradient", 8, "gradient through the mask", _mask_gradient, builds_on=("masked",)),
    Stage("mask_untouched", 8, "scores and tril afterwards", _mask_untouched, builds_on=("masked",)),
    Stage(
        "mask_any_dtype",
        8,
        "a mask from a tril of any dtype",
        _mask_of_any_dtype,
        builds_on=("masked", "mask_untouched"),
    ),
    Stage("probs", 9, "probabilities, dim=-1", _probs([-1, 2]), flow="probs"),
    Stage("probs_dim_1", 9, "probabilities, dim=1 and others", _probs_along_others, builds_on=("probs",)),
    Stage("probs_large", 9, "probabilities of large scores", _probs_of_large_scores, builds_on=_PROBS),
    Stage("probs_gradient", 9, "gradient through the probabilities", _probs_gradient, builds_on=_PROBS),
)
