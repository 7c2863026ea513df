"""What both sides are given: the same texts, numbers and weights at every run. None of it is secret."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from support.checking import Submission

TRAIN_TEXT, TEST_TEXT = "O Romeo, Romeo!", "wherefore art t"
VOCAB = sorted(set(TRAIN_TEXT + TEST_TEXT))
T = len(TRAIN_TEXT) - 1  # so that there is only one place where a batch can start
CTX, E, HEADS, BLOCKS = 18, 12, 3, 2
H = E // HEADS
LEARNING_RATE = 0.01

Shapes = dict[str, tuple[int, ...]]


def rng(name: str) -> torch.Generator:
    """Random numbers that are the same at each run, others for each name."""
    return torch.Generator().manual_seed(sum(ord(letter) * 31**i for i, letter in enumerate(name)) % 2**31)


def numbers(name: str, *shape: int) -> Tensor:
    """Standard normal numbers in float32."""
    return torch.randn(*shape, generator=rng(name))


def tokens(name: str, high: int, *shape: int) -> Tensor:
    """Random int64 tokens under `high`."""
    return torch.randint(high, shape, generator=rng(name))


def head_shapes(embed: int, head: int) -> Shapes:
    """The parameters of a Head, by name."""
    return {f"{name}.weight": (head, embed) for name in ("query", "key", "value")}


def attention_shapes(embed: int, heads: int) -> Shapes:
    """The parameters of a MultiHeadAttention."""
    inside = {
        f"heads.{k}.{name}": shape for k in range(heads) for name, shape in head_shapes(embed, embed // heads).items()
    }
    return {**inside, "proj.weight": (embed, embed), "proj.bias": (embed,)}


def feed_forward_shapes(embed: int) -> Shapes:
    """The parameters of a FeedForward."""
    expand: Shapes = {"expand.weight": (4 * embed, embed), "expand.bias": (4 * embed,)}
    return {**expand, "contract.weight": (embed, 4 * embed), "contract.bias": (embed,)}


def block_shapes(embed: int, heads: int) -> Shapes:
    """The parameters of a Block."""
    parts = {"attention": attention_shapes(embed, heads), "feed_forward": feed_forward_shapes(embed)}
    inside = {f"{part}.{name}": shape for part, shapes in parts.items() for name, shape in shapes.items()}
    norms = ("attention_norm", "feed_forward_norm")
    return {**inside, **{f"{norm}.{name}": (embed,) for norm in norms for name in ("weight", "bias")}}


def model_shapes(vocab: int, ctx: int, embed: int, heads: int, blocks: int) -> Shapes:
    """The parameters of a TransformerLM."""
    tables: Shapes = {"token_embedding.weight": (vocab, embed), "position_embedding.weight": (ctx, embed)}
    inside = {f"blocks.{k}.{name}": shape for k in range(blocks) for name, shape in block_shapes(embed, heads).items()}
    norm: Shapes = {"final_norm.weight": (embed,), "final_norm.bias": (embed,)}
    return {**tables, **inside, **norm, "lm_head.weight": (vocab, embed), "lm_head.bias": (vocab,)}


def weights(shapes: Shapes, name: str = "weights") -> dict[str, Tensor]:
    """Random weights: matrices keep the size of what they are multiplied with, vectors are about 1."""
    random = rng(name)
    return {
        key: torch.randn(shape, generator=random) * (1.5 / math.sqrt(shape[-1]) if len(shape) > 1 else 1.0)
        for key, shape in shapes.items()
    }


def set_weights(side: Submission, module: Any, values: dict[str, Tensor]) -> Any:
    """Give a module those of the values whose names and shapes it has; returns the module."""
    side.probes.set_parameters(module, values, strict=False)
    return module


def model(side: Submission, **changes: int) -> Any:
    """The TransformerLM of the flow, with its weights."""
    sizes = {"vocab_size": len(VOCAB), "ctx_size": CTX, "embed_size": E, "num_heads": HEADS, "num_blocks": BLOCKS}
    made = side.model.TransformerLM(side.model.ModelConfig(**{**sizes, **changes}))
    return set_weights(side, made, weights(model_shapes(len(VOCAB), CTX, E, HEADS, BLOCKS)))
