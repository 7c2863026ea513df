"""A simulated accelerator, so that device mistakes show on a machine without a GPU.

    with simulated_accelerator():
        model.to("gpu")
        logits = model(tokens.to("gpu"))
    numbers = held(logits)

What is simulated: a device `gpu:0` with real numbers. Each operator runs on CPU tensors inside the simulated ones, so
values, gradients and random draws are those of the CPU. What CUDA refuses is refused with the same sentence: tensors of
two devices in one operator, a CPU tensor indexed by one on `gpu`, a generator of the other device, `.numpy()`. What
CUDA permits is permitted: copies between the devices, CPU indices into a tensor on `gpu`, a 0-dimensional CPU tensor as
a number in an elementwise operator.

What is not: memory limits, streams, asynchronous errors, half-precision rounding, kernels that differ from the CPU's,
`torch.cuda`, `torch.compile`, `torch.vmap`, sparse tensors, data pointers. `is_cuda` is False. An index out of range
raises the CPU's IndexError rather than a device-side assertion. `from torch import Generator` before the simulation
keeps the class that knows no `gpu`. An exception in a hook during a backward pass (`register_hook`,
`saved_tensors_hooks`) ends the process, since PyTorch asks a device guard written in Python for its type just then;
one in the `backward` of an `autograd.Function` does not.

Where `torch.cuda.is_available()`, check on "cuda" and do not activate this.
"""

from __future__ import annotations

import atexit
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.utils.checkpoint import set_checkpoint_early_stop

from support.simulated.generators import GeneratorOfAnyDevice
from support.simulated.mixing import NAME
from support.simulated.tensor import SimulatedTensor, SimulationMode, on_gpu

__all__ = ("NAME", "SimulationUnavailable", "activate", "held", "simulated_accelerator")


class SimulationUnavailable(RuntimeError):
    """This process, or this version of PyTorch, cannot simulate an accelerator."""


def activate() -> None:
    """Give this process the device `gpu`, for good; calling it again does nothing.

    Call it before the first backward pass of the process: autograd counts the devices then, and only then.
    Starts autograd's thread for the device. Raises SimulationUnavailable.
    """
    outcome = _activated()
    if isinstance(outcome, SimulationUnavailable):
        raise SimulationUnavailable(str(outcome)) from outcome


@contextmanager
def simulated_accelerator() -> Iterator[None]:
    """Tensors can be made on, and moved to, the device `gpu` in here. Activates it if need be."""
    activate()
    generator = torch.Generator
    torch.Generator = GeneratorOfAnyDevice  # type: ignore[assignment, misc]
    try:
        # The early stop of a checkpoint is an exception in a hook of the backward pass: see the gaps above.
        with SimulationMode(), set_checkpoint_early_stop(False):
            yield
    finally:
        torch.Generator = generator  # type: ignore[misc]


def held(tensor: torch.Tensor) -> torch.Tensor:
    """A plain CPU copy of a tensor of either device, without its gradient history."""
    source = tensor._held if isinstance(tensor, SimulatedTensor) else tensor.detach()
    return source.clone()


@functools.cache
def _activated() -> torch.library.Library | SimulationUnavailable:
    """The registered operators, which last as long as the library does, or why there are none."""
    from torch.utils import backend_registration

    set_up = getattr(backend_registration, "_setup_privateuseone_for_python_backend", None)
    if set_up is None:
        return SimulationUnavailable(
            f"PyTorch {torch.__version__} cannot simulate an accelerator: install a newer one, such as 2.13"
        )
    try:
        set_up(NAME, backend_module=_DeviceModule())
        library = _register_factories()
        # Autograd's thread may still be letting go of its last work; it aborts a process that ends just then.
        atexit.register(time.sleep, 0.05)
        on_gpu(torch.ones(1)).requires_grad_().sum().backward()  # type: ignore[no-untyped-call]
    except (RuntimeError, AttributeError, TypeError) as error:
        if "device_ready_queues_" in str(error):
            return SimulationUnavailable(
                "the simulated accelerator must be activated before the first backward pass of the process"
            )
        return SimulationUnavailable(f"PyTorch {torch.__version__} refused a simulated accelerator: {error}")
    return library


def _register_factories() -> torch.library.Library:
    """The operators that PyTorch calls from C++ past every dispatch mode, as in `torch.tensor(data, device="gpu")`."""

    def empty_strided(
        size: list[int], stride: list[int], dtype: torch.dtype | None = None, **options: object
    ) -> torch.Tensor:
        return on_gpu(torch.empty_strided(size, stride, dtype=dtype, device="cpu"))

    def empty(size: list[int], dtype: torch.dtype | None = None, **options: object) -> torch.Tensor:
        return on_gpu(torch.empty(size, dtype=dtype, device="cpu"))

    def copy_from(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
        here, there = (t._held if isinstance(t, SimulatedTensor) else t for t in (source, target))
        there.copy_(here)
        return target

    def local_scalar_dense(source: torch.Tensor) -> object:
        return held(source).item()

    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    kernels: dict[str, Callable[..., object]] = {
        "empty_strided": empty_strided,
        "empty.memory_format": empty,
        "_copy_from": copy_from,
        "_local_scalar_dense": local_scalar_dense,
    }
    for name, kernel in kernels.items():
        library.impl(name, kernel, "PrivateUse1")  # type: ignore[no-untyped-call]
    return library


class _DeviceModule:
    """What PyTorch asks of `torch.gpu`. Random numbers come from the CPU's generator, which is seeded by itself."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def synchronize(self, device: object = None) -> None:
        pass

    def empty_cache(self) -> None:
        pass

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.float16, torch.bfloat16]

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        pass

    def get_rng_state(self, device: object = None) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, device: object = None) -> None:
        torch.set_rng_state(state)
