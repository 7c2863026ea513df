"""What a model that is known to be right says with the parameters that a submission's training came to.

A submission's model is asked about whole windows, where each next character stands in plain sight, so it could read
off what it should predict, tune itself to the text, or bring plays along. A right model with the same parameters
can do none of that. Where both say the same, the parameters are what is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from support.checking import Submission, expect
from support.parts import with_parts_below
from support.replies import kind_of

# Of a model: while one of these is known to be wrong, its losses differ from those of a right one for that reason.
PARTS = with_parts_below(["TransformerLM"]) | {"causality", "softmax_dim"}
# Nats at one position. Rounding makes differences of 1e-5; to be wrong by less gains less than any band is wide.
AGREEMENT = 1e-3


@dataclass(frozen=True)
class SecondOpinion:
    """`broken` says which parts of the submission are known not to be right by now."""

    reference: Submission
    broken: Callable[[], AbstractSet[str]]

    def excuses(self) -> bool:
        """Whether a difference from a right model is explained by what other checks have found."""
        return not PARTS.isdisjoint(self.broken())

    def logits(self, config: Mapping[str, int], parameters: Mapping[str, Tensor], rows: Tensor, device: str) -> Any:
        """A right model's scores [N, T, V] on `rows` [N, T]; None when `parameters` are none of such a model."""
        probes = self.reference.probes
        model = self.reference.model.TransformerLM(self.reference.model.ModelConfig(**config))
        needed = probes.get_parameters(model)
        for name, value in needed.items():
            if name not in parameters or parameters[name].shape != value.shape:
                return None
        probes.set_parameters(model, {name: parameters[name].float() for name in needed})
        return probes.logits_on(model, rows, device)


def parameters_in(found: object, did: str) -> dict[str, Tensor]:
    """What a submission says its parameters are. Raises CheckFailure when these are no tensors by name."""
    pairs = list(found.items()) if isinstance(found, dict) else []
    named = [name for name, value in pairs if isinstance(name, str) and isinstance(value, Tensor)]
    right = isinstance(found, dict) and len(named) == len(pairs)
    expect(right, did, "tensors by name", kind_of(found) if not pairs else "something else among them")
    return dict(pairs)


def same(ours: Tensor, theirs: Tensor) -> bool:
    """Whether losses [N, T] are the same but for rounding. NaN is not."""
    return bool((ours - theirs).abs().le(AGREEMENT).all())


def some_of(count: int, most: int, generator: torch.Generator) -> Tensor:
    """`most` different numbers below `count`, or all of them, in any order."""
    return torch.randperm(count, generator=generator)[:most]
