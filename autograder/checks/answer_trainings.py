"""The experiments behind answers.toml that have to train something: tiny models on dice and coins, 0.2 s each.

Tokens that are drawn at random cannot be guessed from those before them. So on a text that a model was not trained on,
no honest loss is below ln V, and whatever is below it was read from where it should not be seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from autograder.checks.answer_experiments import DRAWS, T, moved_positions, small_model, the_one
from support.checking import Submission

STEPS = 45
CLEAR = 0.2  # nats; the differences looked for are 0.3 or more, those of chance 0.05


def memorising(reference: Submission) -> str:
    """How both losses move while a model is trained for long on a short text that nothing can be learned from."""
    rng = torch.Generator().manual_seed(0)
    short, other = torch.randint(8, (24,), generator=rng), torch.randint(8, (4000,), generator=rng)
    model = small_model(reference, vocab_size=8, ctx_size=4, embed_size=32)
    history = _train(reference, model, short, other, batch_size=16, ctx_size=4, learning_rate=1e-2)
    train, test = (_movement(losses) for losses in (history.train_loss, history.test_loss))
    return the_one(
        {
            "both losses fall": (train, test) == ("falls", "falls"),
            "both losses rise": (train, test) == ("rises", "rises"),
            "the train loss falls while the test loss rises": (train, test) == ("falls", "rises"),
            "the test loss falls while the train loss rises": (train, test) == ("rises", "falls"),
            "neither loss moves": (train, test) == ("stays", "stays"),
        }
    )


def _movement(losses: list[float]) -> str:
    difference = losses[-1] - losses[0]
    return "stays" if abs(difference) < CLEAR else "rises" if difference > 0 else "falls"


@dataclass(frozen=True)
class Leak:
    """What a model with softmax_dim=1 does after it was trained on tossed coins, in windows of two tokens.

    `known` and `fresh` are its losses [2] by position on the text that it was trained on and on another one, `guessed`
    how often its most probable token is the right one there [2]. `alone`: a sequence's scores are the same without
    the rest of its batch. `moved` [2, 2]: whether position t moves with token s. `drawn`: `generate` draws with the
    probabilities that the model gives at the last position.
    """

    known: Tensor
    fresh: Tensor
    guessed: Tensor
    alone: bool
    moved: Tensor
    drawn: bool

    @property
    def too_low(self) -> bool:
        """Whether it is right about coins more often than anybody can be."""
        return float(self.fresh.mean()) < math.log(2) - CLEAR


def train_leak(reference: Submission) -> Leak:
    """Train it on some tossed coins and look at it on others: once, as two answers are about it."""
    return _trained_leak(reference)  # type: ignore[arg-type]  # to mypy no protocol can be hashed


@cache
def _trained_leak(reference: Submission) -> Leak:
    rng = torch.Generator().manual_seed(0)
    known, fresh = (torch.randint(2, (4000,), generator=rng) for _ in range(2))
    model = small_model(reference, vocab_size=2, ctx_size=2, embed_size=16, softmax_dim=1)
    _train(reference, model, known, fresh, batch_size=32, ctx_size=2, learning_rate=3e-2)
    (losses, _), (fresh_losses, guessed) = _on(model, known), _on(model, fresh)
    pair = torch.tensor([[0, 1], [1, 0]])
    drawn = model.generate(pair[:1].expand(DRAWS, 2).contiguous(), 1, generator=reference.probes.generator(0))[:, -1]
    expected = model(pair[:1]).detach()[0, -1].softmax(-1)[1]
    return Leak(
        known=losses,
        fresh=fresh_losses,
        guessed=guessed,
        alone=torch.allclose(model(pair)[:1], model(pair[:1]), atol=1e-5),
        moved=moved_positions(model, pair),
        drawn=abs(float(drawn.float().mean() - expected)) < 0.05,
    )


def cause(reference: Submission, rng: torch.Generator) -> str:
    """How a model with softmax_dim=1 comes to know what cannot be guessed."""
    leak, attention, tril = train_leak(reference), reference.attention, torch.ones(T, T).tril()
    scores = torch.randn(2, T, T, generator=rng)
    scores[1] = scores[0]
    scores[1, 1, 0] += 1.0  # what the second query says of the first key
    probs = attention.attention_probs(attention.causal_mask(scores, tril), 1)
    divided = not torch.allclose(probs[0, 0], probs[1, 0])  # and the first query's probabilities move with it
    return the_one(
        {
            "the sequences of a batch are normalised together, so each one sees the others": not leak.alone,
            "the causal mask is skipped, so later positions get a probability above 0": bool(probs.triu(1).any()),
            "each probability is divided by a sum in which later positions take part, so a position sees the future": (
                leak.too_low and divided and bool(leak.moved[0, 1])
            ),
            # Neither would make it guess coins that were tossed apart from those that it was trained on.
            "the test text is part of the training text": not leak.too_low,
            "columns that sum to 1 give larger gradients, so the model learns faster": not leak.too_low,
        }
    )


def generation(reference: Submission) -> str:
    """What the last position lacks, where `generate` draws, and the one before it has."""
    leak = train_leak(reference)
    honest = math.log(2) - CLEAR
    return the_one(
        {
            "sampling is too random for a model with such a low loss": float(leak.guessed[-1]) > 0.75,
            "while it writes, the future that it learned to read is not there yet": (
                float(leak.fresh[0]) < honest < float(leak.fresh[-1])
            ),
            "it has learned the training text by heart": float((leak.fresh - leak.known).mean()) > CLEAR,
            "`generate` applies the softmax along another dimension than training does": not leak.drawn,
        }
    )


def _train(reference: Submission, model: Any, train: Tensor, test: Tensor, **sizes: Any) -> Any:
    config = reference.training.TrainConfig(num_steps=STEPS, eval_interval=STEPS, eval_batches=4, **sizes)
    return reference.training.train(model, train, test, config, "cpu")


def _on(model: Any, text: Tensor) -> tuple[Tensor, Tensor]:
    """By position, the mean loss and the share of right guesses in windows of two."""
    windows = text[:999].view(-1, 3)
    log_probs, targets = model(windows[:, :2]).detach().log_softmax(-1), windows[:, 1:]
    losses = -log_probs.gather(-1, targets.unsqueeze(-1)).squeeze(-1)  # [N, 2]
    return losses.mean(0), (log_probs.argmax(-1) == targets).float().mean(0)
