"""What one short training showed, and the numbers that it is judged by. All of it is computed on the trusted side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from support.checking import expect, expect_shape
from support.replies import Curve


@dataclass(frozen=True)
class Evidence:
    """Losses in nats a character. Those of the curve are the submission's word, the others the grader's own.

    `kind` is what was trained: honest, leak or double.
    `held_out` is the loss on the held-out plays, `held_out_end` on the last position of each window alone,
    `train_text` and `test_text` are those of the trained model on the two parts of the corpus. `agrees`: a right
    model with the same parameters has the same losses, so the submission's answers are what its training came to.
    """

    kind: str
    curve: Curve
    held_out: float
    held_out_end: float
    train_text: float
    test_text: float
    agrees: bool = True

    def quantities(self) -> dict[str, float]:
        """The numbers that have a band.

        `end_excess`: how much worse the last position of a window is, the one without a future to look at.
        `train_record`, `test_record`: how far the last recorded loss lies above that of the returned model.
        """
        return {
            "first_loss": self.curve.test[0],
            "held_out": self.held_out,
            "end_excess": self.held_out_end - self.held_out,
            "train_record": self.curve.train[-1] - self.train_text,
            "test_record": self.curve.test[-1] - self.test_text,
            "train_minus_test": self.curve.train[-1] - self.curve.test[-1],
        }


def encode(text: str, vocab: list[str]) -> Tensor:
    """The tokens of `text`, int16 [n]. Raises ValueError for a character outside the sorted `vocab`."""
    codes = _code_points(text)
    known = _code_points("".join(vocab))
    tokens = torch.searchsorted(known, codes).clamp(max=len(vocab) - 1)
    if not torch.equal(known[tokens], codes):
        raise ValueError("the text has characters outside the vocabulary")
    return tokens.to(torch.int16)


def _code_points(text: str) -> Tensor:
    return torch.frombuffer(bytearray(text.encode("utf-32-le")), dtype=torch.int32)


def windows(tokens: Tensor, count: int, size: int, generator: torch.Generator) -> Tensor:
    """`count` runs of `size` + 1 tokens that start anywhere: [count, size + 1]."""
    starts = torch.randint(len(tokens) - size, (count,), generator=generator)
    return tokens[starts.unsqueeze(1) + torch.arange(size + 1)]


def position_losses(logits: object, targets: Tensor, vocab_size: int, did: str) -> Tensor:
    """The cross-entropy at each position, [N, T] in float64. Raises CheckFailure when the logits are no such thing.

    logits: [N, T, V]. targets: integers [N, T].
    """
    scores = expect_shape(logits, (*targets.shape, vocab_size), did)
    expect(scores.is_floating_point(), did, "floating-point logits", f"dtype {scores.dtype}")
    log_probs = scores.double().log_softmax(-1)  # [N, T, V]
    return -log_probs.gather(-1, targets.long().unsqueeze(-1)).squeeze(-1)  # [N, T]
