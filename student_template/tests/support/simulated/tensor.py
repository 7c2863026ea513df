"""The tensor of the simulated accelerator: it says `gpu:0` and holds a CPU tensor, on which operators really run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from support.simulated.generators import device_of_generator
from support.simulated.mixing import NAME, check_generator, check_mixing

CPU = torch.device("cpu")


class SimulatedTensor(torch.Tensor):
    """A tensor on `gpu:0`. Its numbers are in `_held`, a plain CPU tensor with the same shape and strides."""

    _held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> SimulatedTensor:
        tensor: SimulatedTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=f"{NAME}:0",  # type: ignore[arg-type]
        )
        tensor._held = held
        return tensor

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return run_operator(func, args, kwargs or {})

    @property
    def data(self) -> torch.Tensor:  # type: ignore[override]
        return torch.Tensor.data.__get__(self)  # type: ignore[no-any-return]

    @data.setter
    def data(self, new: torch.Tensor) -> None:
        torch.Tensor.data.__set__(self, new)
        if isinstance(new, SimulatedTensor):
            self._held = new._held.detach()

    def tolist(self) -> Any:
        return self._held.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if force:
            return self._held.numpy(force=True)
        raise TypeError(
            f"can't convert {NAME}:0 device type tensor to numpy. "
            "Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def __array__(self, dtype: Any = None) -> Any:
        return self.numpy()

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        extra = f", device='{NAME}:0'"
        if self.grad_fn is not None:
            extra += f", grad_fn=<{type(self.grad_fn).__name__}>"
        elif self.requires_grad:
            extra += ", requires_grad=True"
        prefix = "Parameter containing:\n" if isinstance(self, torch.nn.Parameter) else ""
        return prefix + repr(self._held).removesuffix(")") + extra + ")"

    def __reduce_ex__(self, protocol: Any) -> Any:
        rebuild = torch._utils._rebuild_device_tensor_from_cpu_tensor
        return rebuild, (self._held, self.dtype, f"{NAME}:0", self.requires_grad)


class SimulationMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sends every operator through `run_operator`, so that factories with `device="gpu"` are seen too."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(  # type: ignore[override]
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return run_operator(func, args, kwargs or {})


class Arguments:
    """The tensors among the arguments of one operator, sorted by device while they are unwrapped."""

    def __init__(self) -> None:
        self.simulated: list[SimulatedTensor] = []
        self.plain: list[torch.Tensor] = []

    def unwrap(self, value: Any) -> Any:
        """`value` with held tensors in place of simulated ones."""
        if isinstance(value, SimulatedTensor):
            self.simulated.append(value)
            return value._held
        if isinstance(value, (list, tuple)):
            return [self.unwrap(item) for item in value]
        if isinstance(value, torch.Tensor):
            self.plain.append(value)
        return value

    def wrap(self, result: Any) -> Any:
        """`result` on `gpu`; a tensor that the operator was given and wrote into stays the one it was."""
        if isinstance(result, torch.Tensor):
            for tensor in self.simulated:
                if tensor._held is result:
                    return tensor
            if any(tensor is result for tensor in self.plain):
                return result
            return SimulatedTensor(result)
        if isinstance(result, (list, tuple)):
            return type(result)([self.wrap(item) for item in result])
        return result


def run_operator(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operator on the held tensors; its results are on `gpu` when its `device` or its arguments are."""
    special = _special(func)
    if special is not None:
        return special(func, args, kwargs)
    arguments = Arguments()
    held_args = [arguments.unwrap(value) for value in args]
    simulated = arguments.simulated
    if not kwargs:
        if not simulated:
            return func(*held_args)
        if arguments.plain:
            check_mixing(func, args, kwargs, is_simulated)
        return arguments.wrap(func(*held_args))
    held_kwargs = {name: arguments.unwrap(value) for name, value in kwargs.items()}
    if simulated and arguments.plain:
        check_mixing(func, args, kwargs, is_simulated)
    on_gpu = _settle_options(held_kwargs, bool(simulated))
    result = func(*held_args, **held_kwargs)
    return arguments.wrap(result) if on_gpu else result


def is_simulated(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, SimulatedTensor)


def _settle_options(held_kwargs: dict[str, Any], on_gpu: bool) -> bool:
    """Make the options fit the held tensors; whether the results are on `gpu`. Raises RuntimeError as CUDA does."""
    device = held_kwargs.get("device")
    if device is not None:
        on_gpu = device.type == NAME
        if on_gpu:
            if device.index:
                raise RuntimeError(f"{NAME} error: invalid device ordinal")
            held_kwargs["device"] = CPU
    if held_kwargs.get("pin_memory"):
        held_kwargs["pin_memory"] = False
    generator = held_kwargs.get("generator")
    if generator is not None:
        check_generator(device_of_generator(generator), NAME if on_gpu else "cpu")
    return on_gpu


@functools.cache
def _special(func: Any) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None:
    """The way to run an operator that is not simply run on the held tensors."""
    operator = func._schema.name
    if operator == "aten::is_pinned":
        return _is_pinned
    if operator == "aten::_pin_memory":
        return _pin_memory
    if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
        return _decompose
    if torch.Tag.inplace_view in func.tags or any(argument.is_out for argument in func._schema.arguments):
        return _change_shape
    return None


def _decompose(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Under `inference_mode` composite operators arrive whole: take them apart, as autograd does elsewhere."""
    with SimulationMode():
        return func.decompose(*args, **kwargs)


def _change_shape(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operator that may give its argument another shape: the wrapper follows the tensor it holds."""
    arguments = Arguments()
    held_args = [arguments.unwrap(value) for value in args]
    held_kwargs = {name: arguments.unwrap(value) for name, value in kwargs.items()}
    if arguments.simulated and arguments.plain:
        check_mixing(func, args, kwargs, is_simulated)
    _settle_options(held_kwargs, bool(arguments.simulated))
    result = func(*held_args, **held_kwargs)
    for tensor in arguments.simulated:
        held = tensor._held
        if held.shape != tensor.shape or held.stride() != tensor.stride():
            torch.Tensor.data.__set__(tensor, SimulatedTensor(held))
    return arguments.wrap(result)


def _is_pinned(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return False


def _pin_memory(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    """Without a GPU there is nothing to pin for: a copy, as on CUDA, in ordinary memory."""
    tensor: torch.Tensor = args[0]
    if is_simulated(tensor):
        raise RuntimeError(f"cannot pin '{tensor.type()}' only dense CPU tensors can be pinned")
    return tensor.clone()
