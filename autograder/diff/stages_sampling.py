"""The stages of sampling. The scores of each token's successors are a table, so that all is known."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.diff.chance import how_often, on_average
from autograder.diff.stage import Stage, Values
from support.checking import Submission, expect_shape
from support.reports import generated

V = 6
ROWS = 3000
LOGITS = torch.tensor([1.5, 0.5, 0.0, -0.7, -1.5, -2.5])
# One token that is as probable as all others together: no scores show a temperature in fewer draws. Of the one that is
# least probable 19 are expected; that any never comes has probability 1e-7.
MANY = torch.cat([torch.tensor([4.2]), torch.linspace(0.2, -0.2, 65)])


def _model(side: Submission, ctx: int, vocab: int = V) -> Any:
    return side.model.TransformerLM(side.model.ModelConfig(vocab, ctx, 4, 1, 1))


def _one_successor() -> Tensor:
    """Scores by which each token has one successor for certain."""
    table = torch.full((V, V), -30.0)
    table[torch.arange(V), (torch.arange(V) * 2 + 1) % V] = 30.0
    return table


def _windows(side: Submission) -> Values:
    found: dict[str, Any] = {}
    cases = {
        "short prompts": torch.tensor([[0, 4], [2, 5]]),
        "a prompt longer than the window": torch.tensor([[3, 3, 0, 1, 2, 4]]),
    }
    model, table = _model(side, 4), _one_successor()
    for name, prompt in cases.items():
        seen = generated(side, model, table, prompt, 6, seed=1)
        found[f"{name}, result"] = seen.result
        rows = [tuple(row) for shown in seen.shown if shown.dim() == 2 for row in shown.tolist()]
        found[f"{name}, windows shown to the model"] = sorted(rows)
    # The one row comes to every token of the vocabulary. That all scores are large changes nothing.
    round_trip = 40 + 30 * torch.eye(V).roll(1, dims=1)
    found["through the whole vocabulary"] = generated(side, model, round_trip, torch.tensor([[4]]), 8).result
    found["no new tokens, result"] = generated(side, model, table, cases["short prompts"], 0).result
    return found


def _frequencies(side: Submission) -> Values:
    drawn, probs = _drawn_from(side, LOGITS), LOGITS.softmax(-1)
    often = how_often(drawn, probs)
    found = {f"a token of probability {p:.3f}": said for p, said in zip(probs.tolist(), often, strict=True)}
    drawn = _drawn_from(side, MANY)
    return {
        **found,
        f"of {len(MANY)} tokens, how many never come": len(MANY) - len(set(drawn.tolist())),
        "the average of the scores of what is drawn": on_average(drawn, MANY, MANY.softmax(-1)),
    }


def _drawn_from(side: Submission, scores: Tensor) -> Tensor:
    """One token for each of many rows, drawn by these scores."""
    size = len(scores)
    prompts = torch.arange(ROWS).unsqueeze(1) % size  # so that the last token is not by chance the most probable one
    model = _model(side, 4, size)
    seen = generated(side, model, scores.expand(size, size).contiguous(), prompts, 1, seed=11)
    return expect_shape(seen.result, (ROWS, 2), "generated one token for each row")[:, 1]


def _drawn_with(side: Submission) -> Values:
    prompt, model, equal = torch.zeros(16, 1, dtype=torch.int64), _model(side, 4), torch.zeros(V, V)

    def draw(seed: int | None, global_seed: int) -> Any:
        return generated(side, model, equal, prompt, 5, seed=seed, global_seed=global_seed).result

    first = draw(3, 0)
    generator = side.probes.generator(3)
    again = [model.generate(prompt, 5, generator=generator) for _ in range(2)]
    return {
        "the same generator gives the same tokens": torch.equal(first, draw(3, 1)),
        "another generator gives others": not torch.equal(first, draw(4, 0)),
        "one that was drawn from gives others": not torch.equal(*again),
        "without one, the global generator decides": not torch.equal(draw(None, 0), draw(None, 1)),
        "and nothing else does": torch.equal(draw(None, 0), draw(None, 0)),
        "rows are continued independently": not torch.equal(first, first[:1].expand_as(first)),
    }


def _generate_leaves(side: Submission) -> Values:
    prompt = torch.tensor([[0, 4, 1, 3, 2], [2, 5, 0, 1, 1]])
    found: dict[str, Any] = {}
    model, table = _model(side, 4), _one_successor()
    for mode, name in ((True, "training"), (False, "evaluation")):
        seen = generated(side, model, table, prompt, 5, training=mode)
        found[f"modules in training mode after a call in {name} mode"] = sorted(set(seen.modes))
        found["a gradient is recorded"] = seen.recorded
        found["gradients are recorded afterwards"] = seen.records
        found["the prompt afterwards"] = seen.prompt
    nothing = generated(side, model, table, prompt, 0)
    found["modules in training mode after no new tokens"] = sorted(set(nothing.modes))
    return found


STAGES = (
    Stage("windows", 3, "what generate shows to the model", _windows),
    Stage("frequencies", 3, "how often a token is drawn", _frequencies, builds_on=("windows",)),
    Stage(
        "draws", 3, "what tokens are drawn with", _drawn_with, builds_on=("windows", "frequencies"), flow="continuation"
    ),
    Stage("generate_leaves", 3, "what generate leaves behind", _generate_leaves, builds_on=("windows",)),
)
