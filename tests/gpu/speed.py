"""How long a training step takes on the GPU and on this machine's processor, in turn."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch

from autograder.paths import REFERENCE
from tests.gpu.part import Part

ROUNDS, STEPS = 7, 40


@dataclass(frozen=True)
class Size:
    """Of a model and its batches."""

    ctx_size: int
    embed_size: int
    num_heads: int
    num_blocks: int
    batch_size: int


SIZES = {
    "[training.cpu]": Size(16, 32, 4, 2, 32),
    "[training.gpu]": Size(32, 64, 4, 2, 32),
    "experiments.py": Size(64, 64, 4, 3, 32),
    "ten million parameters": Size(256, 384, 6, 6, 64),
}


def training_speed() -> Part:
    """A step of the reference's `train` at four sizes: median (least to most) of several rounds, GPU by processor."""
    sys.path.insert(0, str(REFERENCE))
    part = Part()
    for name, size in SIZES.items():
        steps = STEPS if size.num_blocks < 6 else 4
        for device in ("cuda", "cpu"):
            _seconds(size, device, 3)  # kernels are loaded and memory is taken at first use
        rounds = ROUNDS if size.num_blocks < 6 else 3
        pairs = [(_seconds(size, "cuda", steps), _seconds(size, "cpu", steps)) for _ in range(rounds)]
        gpu, cpu = ([1000 * pair[side] for pair in pairs] for side in (0, 1))
        ratios = [there / here for here, there in pairs]
        part.facts[f"{name}, milliseconds a step: GPU; {torch.get_num_threads()} cores; cores by GPU"] = "; ".join(
            f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
            for values, digits in ((gpu, 2), (cpu, 2), (ratios, 2))
        )
    return part


def _seconds(size: Size, device: str, steps: int) -> float:
    """Of one training step, batches included, without the estimates at its ends."""
    from charlm.model import ModelConfig, TransformerLM  # type: ignore[import-not-found]
    from charlm.training import TrainConfig, train  # type: ignore[import-not-found]

    torch.manual_seed(0)
    sizes = size.ctx_size, size.embed_size, size.num_heads, size.num_blocks
    model: Any = TransformerLM(ModelConfig(66, *sizes)).to(device)
    tokens = torch.randint(66, (20_000,))

    def timed(count: int) -> float:
        config = TrainConfig(
            batch_size=size.batch_size,
            ctx_size=size.ctx_size,
            num_steps=count,
            learning_rate=1e-3,
            eval_interval=10**9,
            eval_batches=1,
        )
        began = time.perf_counter()
        train(model, tokens, tokens, config, device)  # ends with a loss that is fetched, so with all work done
        return time.perf_counter() - began

    without = timed(0)
    return (timed(steps) - without) / steps
