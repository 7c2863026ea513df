"""Judging each composition with random weights: against the reference, or with stand-ins for the parts below it.

What must come out with stand-ins is computed here, so this file gives solutions away and stays with the grader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from support import doubles
from support.checking import Submission, expect_close
from support.compose import compose
from support.random_inputs import random_values
from support.reports import parameter_shapes

Weights = dict[str, Tensor]


def judge_head(
    submission: Submission, reference: Submission, rng: torch.Generator, B: int, T: int, **sizes: int
) -> None:
    """Judge a Head of these sizes (the arguments of Head) on a random x [B, T, E]."""

    def expected(weights: Weights, x: Tensor) -> Tensor:
        q, k, v = (F.linear(x, weights[f"{name}.weight"]) for name in ("query", "key", "value"))
        tril = torch.ones(sizes["ctx_size"], sizes["ctx_size"]).tril()
        scores = doubles.causal_mask(doubles.attention_scores(q, k), tril)
        return doubles.attention_probs(scores, sizes.get("softmax_dim", -1)) @ v

    _judge(
        submission,
        reference,
        rng,
        make=lambda handle: handle.attention.Head(**sizes),
        x=torch.randn(B, T, sizes["embed_size"], generator=rng),
        expected=expected,
        replaced=["attention_scores", "causal_mask", "attention_probs"],
        did=f"ran a head ({_listed(sizes)}) with random weights on x of shape [{B}, {T}, {sizes['embed_size']}]",
    )


def judge_attention(
    submission: Submission, reference: Submission, rng: torch.Generator, B: int, T: int, **sizes: int
) -> None:
    """Judge a MultiHeadAttention of these sizes on a random x [B, T, E]."""

    def expected(weights: Weights, x: Tensor) -> Tensor:
        results = []
        for k in range(sizes["num_heads"]):
            value = weights[f"heads.{k}.value.weight"]
            head = doubles.Head(value.shape[1], value.shape[0], sizes["ctx_size"], sizes.get("softmax_dim", -1))
            head.value.load_state_dict({"weight": value})
            results.append(head(x))
        return F.linear(torch.cat(results, dim=-1), weights["proj.weight"], weights["proj.bias"])

    _judge(
        submission,
        reference,
        rng,
        make=lambda handle: handle.attention.MultiHeadAttention(**sizes),
        x=torch.randn(B, T, sizes["embed_size"], generator=rng),
        expected=expected,
        replaced=["Head"],
        did=f"ran attention ({_listed(sizes)}) with random weights on x of shape [{B}, {T}, {sizes['embed_size']}]",
    )


def judge_block(
    submission: Submission, reference: Submission, rng: torch.Generator, B: int, T: int, **sizes: int
) -> None:
    """Judge a Block of these sizes on a random x [B, T, E]."""

    def expected(weights: Weights, x: Tensor) -> Tensor:
        attention = doubles.MultiHeadAttention(**sizes)
        x = x + attention(_norm(weights, "attention_norm", x))
        feed_forward = doubles.FeedForward(sizes["embed_size"])
        return x + feed_forward(_norm(weights, "feed_forward_norm", x))  # type: ignore[no-any-return]

    _judge(
        submission,
        reference,
        rng,
        make=lambda handle: handle.model.Block(**sizes),
        x=torch.randn(B, T, sizes["embed_size"], generator=rng),
        expected=expected,
        replaced=["MultiHeadAttention", "FeedForward"],
        did=f"ran a block ({_listed(sizes)}) with random weights on x of shape [{B}, {T}, {sizes['embed_size']}]",
    )


def judge_model(
    submission: Submission, reference: Submission, rng: torch.Generator, B: int, T: int, **sizes: int
) -> None:
    """Judge a TransformerLM of these sizes (the fields of ModelConfig) on random tokens [B, T]."""

    def expected(weights: Weights, tokens: Tensor) -> Tensor:
        x = weights["token_embedding.weight"][tokens] + weights["position_embedding.weight"][:T]
        for k in range(sizes["num_blocks"]):
            block = doubles.Block(sizes["embed_size"], sizes["num_heads"], sizes["ctx_size"], softmax_dim)
            norm = {name: weights[f"blocks.{k}.attention_norm.{name}"] for name in ("weight", "bias")}
            block.attention_norm.load_state_dict(norm)
            x = block(x)
        return F.linear(_norm(weights, "final_norm", x), weights["lm_head.weight"], weights["lm_head.bias"])

    softmax_dim = sizes.get("softmax_dim", -1)
    _judge(
        submission,
        reference,
        rng,
        make=lambda handle: handle.model.TransformerLM(handle.model.ModelConfig(**sizes)),
        x=torch.randint(sizes["vocab_size"], (B, T), generator=rng),
        expected=expected,
        replaced=["Block"],
        did=f"ran a model ({_listed(sizes)}) with random weights on tokens of shape [{B}, {T}]",
    )


def _judge(
    submission: Submission,
    reference: Submission,
    rng: torch.Generator,
    *,
    make: Callable[[Submission], Any],
    x: Tensor,
    expected: Callable[[Weights, Tensor], Tensor],
    replaced: list[str],
    did: str,
) -> None:
    right = make(reference)
    weights = random_values(parameter_shapes(reference, right), rng)
    reference.probes.set_parameters(right, weights)

    def own() -> None:
        mine = make(submission)
        submission.probes.set_parameters(mine, weights)
        expect_close(mine(x.clone()), right(x), did)

    def doubled() -> None:
        mine = make(submission)
        present = parameter_shapes(submission, mine)
        submission.probes.set_parameters(mine, {name: weights[name] for name in present if name in weights})
        expect_close(mine(x.clone()), expected(weights, x), f"{did}, with stand-ins for {' and '.join(replaced)}")

    compose(submission, own=own, doubled=doubled, replaced=replaced)


def _norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])


def _listed(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}={size}" for name, size in sizes.items())
