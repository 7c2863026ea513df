"""Which device `--device` means on this machine."""

from __future__ import annotations

import torch


class DeviceMissing(RuntimeError):
    """This machine has no such device."""


def device_for(wanted: str) -> str:
    """cpu, cuda or mps for `wanted`, which may be auto: the fastest there is. Raises DeviceMissing."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, there in present.items() if there)
    if not present[wanted]:
        raise DeviceMissing(f"--device {wanted}: this machine has none")
    return wanted


def accelerator_for(device: str) -> str:
    """Where what concerns devices is tried: a real accelerator, else the simulated one, `gpu`."""
    return "gpu" if device == "cpu" else device
