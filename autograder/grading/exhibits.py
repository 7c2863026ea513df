"""What a report shows beside the verdicts: attention, loss curves, and what the trained models write.

It is gathered when the results are written. Nothing here is judged, and none of it takes more than a few seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from autograder.bands import Band
from autograder.diff import inputs
from autograder.grading.evidence import Evidence
from autograder.grading.run_context import RunContext
from autograder.grading.training import Trainings
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.zygote import SandboxError
from support.checking import CheckFailure, SubmissionError, expect, expect_dtype, expect_shape

T = TypeVar("T")

SECONDS = 3.0  # for each exhibit; an honest one takes a few tenths
LETTERS = inputs.TRAIN_TEXT[: inputs.T]  # that attention is shown over
SPARE = 20.0  # seconds that the run has to have left
WRITTEN = 160  # characters of a sample
MOST_POINTS = 200  # of a curve
KINDS = {"honest": "The transformer", "leak": "The transformer with softmax_dim=1"}


def gather(context: RunContext) -> dict[str, Any]:
    """Plain values for `report.grade_page`. Raises SandboxError; what goes wrong in the submission is an exhibit, too.

    `attention` has both sides' probabilities over `letters`, on weights that are the same at each run; `curves`,
    `samples` and `bands` belong to the short trainings, as far as there were any.
    """
    if context.time_left() < SPARE:
        return {"late": True}
    reference, submission = context.open_for_exhibits()
    found: dict[str, Any] = {
        "letters": LETTERS,
        "attention": [_attention(side) for side in (reference, submission)],
    }
    if (trainings := context.trainings_done) is None:
        return found
    done = {kind: evidence for kind in KINDS if (evidence := trainings.done(kind)) is not None}
    return {
        **found,
        "curves": {KINDS[kind]: _curve(evidence) for kind, evidence in done.items()},
        "samples": {KINDS[kind]: _sample(trainings, kind, submission) for kind in done},
        "bands": {KINDS[kind]: _ends(trainings.band(kind, "held_out")) for kind in done},
        "highest": 1.2 * math.log(len(trainings.vocab)),
    }


def _attention(side: RemoteSubmission) -> list[list[list[float]]] | None:
    """The probabilities [T, T] of each head of the first block; None where a side does not compute such."""
    return _tried(side, _heads)[0]


def _heads(side: RemoteSubmission) -> list[list[list[float]]] | None:
    size = len(LETTERS)
    tokens = torch.tensor([[inputs.VOCAB.index(letter) for letter in LETTERS]])  # [1, T]
    inside = side.probes.trace(inputs.model(side), tokens)["inside"]
    heads = [inside.get(f"blocks.0.attention.heads.{k} attention_probs") for k in range(inputs.HEADS)]
    fitting = [head for head in heads if isinstance(head, Tensor) and head.shape == (1, size, size)]
    return [head[0].double().tolist() for head in fitting] if len(fitting) == inputs.HEADS else None


def _ends(band: Band) -> list[float]:
    return [max(0.0, band.low), band.high]


def _curve(evidence: Evidence) -> dict[str, Any]:
    """A curve of no more points than a picture can show; the last one always stays."""
    curve = evidence.curve
    every = max(1, math.ceil(len(curve.steps) / MOST_POINTS))
    kept = sorted({*range(0, len(curve.steps), every), len(curve.steps) - 1})
    return {
        "steps": [_number(curve.steps[i]) for i in kept],
        "train": [_number(curve.train[i]) for i in kept],
        "test": [_number(curve.test[i]) for i in kept],
        "held_out": _number(evidence.held_out),
    }


def _number(value: float) -> float:
    """A number that can be drawn, or NaN: a submission may have recorded anything."""
    return float(value) if -1e9 < value < 1e9 else math.nan


def _written(trainings: Trainings, kind: str, side: RemoteSubmission) -> str:
    vocab, did = trainings.vocab, "Asked the trained model for a sample"
    model, prompt = trainings.rebuilt(kind, side), torch.tensor([[vocab.index("\n")]])
    result = model.generate(prompt, WRITTEN, generator=side.probes.generator(0))
    tokens = expect_dtype(expect_shape(result, (1, WRITTEN + 1), did), torch.int64, did)[0, 1:].tolist()
    expect(all(0 <= token < len(vocab) for token in tokens), did, "tokens of the vocabulary", "others")
    return "".join(vocab[token] for token in tokens)


def _sample(trainings: Trainings, kind: str, submission: RemoteSubmission) -> str:
    text, why_not = _tried(submission, lambda side: _written(trainings, kind, side))
    return f"(nothing: {why_not})" if text is None else text


def _tried(side: RemoteSubmission, ask: Callable[[RemoteSubmission], T]) -> tuple[T | None, str]:
    """What the side answers, or None and why. Raises SandboxError alone."""
    try:
        with side.session.within(SECONDS):
            return ask(side), ""
    except SandboxError:
        raise
    except SubmissionError as error:
        return None, f"{error.type_names[0]}: {error.message}"
    except CheckFailure as error:
        return None, f"expected {error.expected}, got {error.got}"
    except Exception as error:  # an answer may be anything, so whatever is done with it may raise anything
        return None, f"the answer is of no use: {type(error).__name__}"
