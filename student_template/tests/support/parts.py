"""The parts of the assignment's interface, and which of them each is built on."""

from __future__ import annotations

from collections.abc import Iterable

BELOW = {
    "Head": ("attention_scores", "causal_mask", "attention_probs"),
    "MultiHeadAttention": ("Head",),
    "Block": ("MultiHeadAttention", "FeedForward"),
    "TransformerLM": ("Block",),
    "estimate_loss": ("get_batch", "loss_fn"),
    "train": ("estimate_loss",),
}

# By module, what a submission has to have under exactly these names.
NAMES = {
    "tokenizer": ("get_vocab", "encode", "decode"),
    "data": ("split", "get_batch"),
    "attention": ("attention_scores", "causal_mask", "attention_probs", "Head", "MultiHeadAttention"),
    "model": ("ModelConfig", "FeedForward", "Block", "TransformerLM"),
    "training": ("TrainConfig", "History", "loss_fn", "estimate_loss", "train"),
}


def with_parts_below(parts: Iterable[str]) -> frozenset[str]:
    """These parts and everything that they are built on."""
    found = set[str]()
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        found.add(part)
        waiting.extend(BELOW.get(part, ()))
    return frozenset(found)


def lacking(module: str, name: str) -> str:
    """The sentence for a module of `charlm` that has nothing under `name`."""
    return f"there is nothing named {name!r} in charlm/{module}.py"


LACKS = frozenset(lacking(module, name) for module, names in NAMES.items() for name in names)
