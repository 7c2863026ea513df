"""Random weights and models for checks. Trusted side: shapes and numbers only, drawn from the check's `rng`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from support.checking import Submission
from support.reports import parameter_shapes


def random_values(shapes: Mapping[str, Sequence[int]], rng: torch.Generator) -> dict[str, Tensor]:
    """A value of each of these shapes, by parameter: large enough that every one of them matters.

    Matrices keep the size of what they are multiplied with; vectors (biases and norms) are about 1.
    """
    return {
        name: torch.randn(list(shape), generator=rng) * (1.5 / shape[-1] ** 0.5 if len(shape) > 1 else 1.0)
        for name, shape in shapes.items()
    }


def random_model(submission: Submission, rng: torch.Generator, **sizes: int) -> Any:
    """A TransformerLM of these sizes (the fields of ModelConfig) with random weights from `rng`."""
    model = submission.model.TransformerLM(submission.model.ModelConfig(**sizes))
    submission.probes.set_parameters(model, random_values(parameter_shapes(submission, model), rng))
    return model


def same_weights(
    submission: Submission, mine: Any, reference: Submission, right: Any, rng: torch.Generator
) -> dict[str, Tensor]:
    """Give both modules the same random weights, for the names and shapes of the reference's; return them."""
    values = random_values(parameter_shapes(reference, right), rng)
    submission.probes.set_parameters(mine, values)
    reference.probes.set_parameters(right, values)
    return values
