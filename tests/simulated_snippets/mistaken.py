"""Mistaken code: CUDA refuses it, so the simulated accelerator must, in the same words."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from tests.simulated_snippets.model import Model, Snippet, attention, batch_by_stacking, mask, numbers

SAME_DEVICE = "Expected all tensors to be on the same device, but found at least two devices, gpu:0 and cpu!"
INDEX_DEVICE = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
GENERATOR_DEVICE = "Expected a 'gpu' device type for generator but found 'cpu'"


def add_in_place_to_cpu_total(d: Any) -> None:
    total = torch.tensor(0.0)
    total += numbers(d, 3).mean()


def assign_cpu_values(d: Any) -> None:
    x = numbers(d, 4)
    x[torch.tensor([0, 1], device=d)] = torch.ones(2)


MISTAKEN: dict[str, tuple[Snippet, str]] = {
    "positions without a device": (
        lambda d: Model(positions_on_device=False).to(d)(batch_by_stacking(d)[0]),
        SAME_DEVICE,
    ),
    "mask is no buffer": (lambda d: Model(registered=False).to(d)(batch_by_stacking(d)[0]), SAME_DEVICE),
    "CPU batch, model on the device": (lambda d: Model().to(d)(batch_by_stacking("cpu")[0]), SAME_DEVICE),
    "batch on the device, CPU model": (lambda d: Model()(batch_by_stacking(d)[0]), SAME_DEVICE),
    "arange added": (lambda d: torch.zeros(4, device=d) + torch.arange(4), SAME_DEVICE),
    "cat": (lambda d: torch.cat([torch.zeros(2, 1, device=d), torch.zeros(2, 1)], dim=1), SAME_DEVICE),
    "stack of numbers": (lambda d: torch.stack([torch.zeros(2, device=d)[0], torch.tensor(1.0)]), SAME_DEVICE),
    "CPU mask added": (lambda d: numbers(d, 4, 4) + mask("cpu").log(), SAME_DEVICE),
    "CPU mask filled": (lambda d: numbers(d, 4, 4).masked_fill(mask("cpu") == 0, -1e9), SAME_DEVICE),
    "CPU mask filled in place": (lambda d: numbers(d, 4, 4).masked_fill_(mask("cpu") == 0, -1e9), SAME_DEVICE),
    "CPU mask in where": (lambda d: torch.where(mask("cpu") == 0, numbers(d, 4, 4), 0.0), SAME_DEVICE),
    "CPU mask in attention": (lambda d: attention(d, attn_mask=mask("cpu") == 1), SAME_DEVICE),
    "CPU number as a bound": (lambda d: numbers(d, 3).clamp(min=torch.tensor(0.5)), SAME_DEVICE),
    "CPU target": (lambda d: F.cross_entropy(numbers(d, 6, 3), torch.arange(6) % 3), SAME_DEVICE),
    "CPU logits": (
        lambda d: F.cross_entropy(torch.randn(6, 3), torch.zeros(6, dtype=torch.long, device=d)),
        SAME_DEVICE,
    ),
    "CPU weight in matmul": (lambda d: numbers(d, 2, 3) @ torch.ones(3, 2), SAME_DEVICE),
    "CPU weight in linear": (lambda d: F.linear(numbers(d, 2, 3), torch.ones(3, 3).to(d), torch.ones(3)), SAME_DEVICE),
    "CPU vector, number on the device": (lambda d: torch.ones(3) * torch.tensor(2.0, device=d), SAME_DEVICE),
    "CPU index in gather": (lambda d: numbers(d, 3).gather(0, torch.tensor([0])), SAME_DEVICE),
    "embedding of a CPU number": (lambda d: F.embedding(torch.tensor(1), numbers(d, 3, 2)), SAME_DEVICE),
    "CPU total in place": (add_in_place_to_cpu_total, SAME_DEVICE),
    "CPU tensor in place": (lambda d: torch.zeros(3).add_(numbers(d, 3)), SAME_DEVICE),
    "CPU values assigned": (assign_cpu_values, SAME_DEVICE),
    "compared with the CPU": (lambda d: torch.allclose(numbers(d, 3), torch.ones(3)), SAME_DEVICE),
    "einsum": (lambda d: torch.einsum("ij,jk->ik", numbers(d, 2, 3), torch.ones(3, 2)), SAME_DEVICE),
    "CPU tensor indexed": (lambda d: torch.arange(9)[torch.tensor([1, 2], device=d)], INDEX_DEVICE),
    "multinomial, CPU generator": (
        lambda d: torch.multinomial(torch.ones(3, device=d), 1, generator=torch.Generator()),
        GENERATOR_DEVICE,
    ),
    "randint, CPU generator": (
        lambda d: torch.randint(9, (2,), device=d, generator=torch.Generator()),
        GENERATOR_DEVICE,
    ),
    "in inference mode": (lambda d: torch.inference_mode()(Model().to(d))(batch_by_stacking("cpu")[0]), SAME_DEVICE),
    "numpy": (lambda d: numbers(d, 2).numpy(), "TypeError: can't convert gpu:0 device type tensor to numpy."),
}
