"""`torch.Generator(device="gpu")`, which PyTorch cannot make for a device written in Python."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import torch

from support.simulated.mixing import NAME

RealGenerator = torch.Generator


class SimulatedGenerator(RealGenerator):
    """A generator for `gpu`: the CPU's, since the held tensors are there."""

    # Operators are handed another Python object for the same generator, so only its address tells.
    alive: ClassVar[weakref.WeakValueDictionary[int, SimulatedGenerator]] = weakref.WeakValueDictionary()

    def __new__(cls) -> SimulatedGenerator:
        generator = super().__new__(cls, device="cpu")  # type: ignore[call-arg]
        cls.alive[generator._cdata] = generator  # type: ignore[attr-defined]
        return generator

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return torch.device(NAME, 0)


class _Chooser(type):
    def __call__(cls, device: Any = "cpu") -> RealGenerator:
        return SimulatedGenerator() if torch.device(device).type == NAME else RealGenerator(device)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, RealGenerator)


class GeneratorOfAnyDevice(metaclass=_Chooser):
    """Stands for `torch.Generator` during a simulation."""


def device_of_generator(generator: torch.Generator) -> str:
    known = SimulatedGenerator.alive.get(generator._cdata)  # type: ignore[attr-defined]
    return generator.device.type if known is None else NAME
