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


def with_parts_below(parts: Iterable[str]) -> frozenset[str]:
    """These parts and everything that they are built on."""
    found = set[str]()
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        found.add(part)
        waiting.extend(BELOW.get(part, ()))
    return frozenset(found)
