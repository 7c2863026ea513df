"""What is looked at rather than compared: each side's attention in the flow, and what its model wrote."""

from __future__ import annotations

from torch import Tensor

from autograder.diff import inputs
from autograder.diff.compare import said
from autograder.diff.flow import Flow

SHOWN = 100  # letters of a sample
LETTERS = inputs.TRAIN_TEXT[: inputs.T]
"""The text that both sides' attention is shown over, a letter for each position."""


def attention(flow: Flow) -> list[Tensor] | None:
    """The probabilities [T, T] of each head of the first block, over the first sequence.

    None where a side does not go through `attention_probs` head by head, or never came so far.
    """
    step = flow.steps.get("probs")
    if step is None or step.error is not None:
        return None
    found = [step.values.get(f"head {k}") for k in range(inputs.HEADS)]
    fitting = [value[0] for value in found if isinstance(value, Tensor) and value.shape == (2, inputs.T, inputs.T)]
    return fitting if len(fitting) == inputs.HEADS else None


def sample(flow: Flow) -> str:
    """What a side's model wrote after one step of training, the prompt first; or why there is nothing."""
    tokens = flow.sample
    if isinstance(tokens, Tensor) and tokens.dim() == 2 and tokens.numel():
        known = dict(enumerate(inputs.VOCAB))
        return "".join(known.get(int(token), "\N{REPLACEMENT CHARACTER}") for token in tokens[0, :SHOWN].tolist())
    step = flow.steps.get("continuation") or flow.steps.get("step")
    return "nothing: it did not come so far" if step is None or step.error is None else f"nothing: {said(step)}"
