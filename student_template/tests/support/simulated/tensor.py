"""The tensor of the simulated accelerator: it says `gpu:0` and holds a CPU tensor, on which operators really run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from support.simulated.generators import device_of_generator
from support.simulated.mixing import NAME, check_generator, check_mixing

CPU = torch.device("cpu")
ORIGINAL_DATA: Any = torch.Tensor.data  # the property of all tensors, below SimulatedTensor's own
MAKE_WRAPPER: Any = torch.Tensor._make_wrapper_subclass


class SimulatedTensor(torch.Tensor):
    """A tensor on `gpu:0`, made by `on_gpu`. Its numbers are in `_held`, a CPU tensor with the same strides."""

    __slots__ = ("_held",)  # spares a dict for each tensor
    _held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return run_operator(func, args, kwargs or {})

    @property
    def data(self) -> torch.Tensor:
        return ORIGINAL_DATA.__get__(self)  # type: ignore[no-any-return]

    @data.setter
    def data(self, new: torch.Tensor) -> None:
        ORIGINAL_DATA.__set__(self, new)
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

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.dim() == 0 else object.__format__(self, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        rebuild = torch._utils._rebuild_device_tensor_from_cpu_tensor
        return rebuild, (self._held, self.dtype, f"{NAME}:0", self.requires_grad)


class SimulationMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sends every operator through `run_operator`, so that factories with `device="gpu"` are seen too."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether torch.compile must be kept out, at a cost for each operator: nothing is compiled here."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return run_operator(func, args, kwargs or {})


def on_gpu(held: torch.Tensor) -> SimulatedTensor:
    """The simulated tensor that holds this one."""
    if torch.is_inference_mode_enabled() and not held.is_inference():
        # A view of an ordinary tensor stays an ordinary one in inference mode, and so must its wrapper.
        with torch.inference_mode(False):
            return on_gpu(held)
    tensor: SimulatedTensor = MAKE_WRAPPER(
        SimulatedTensor,
        held.shape,
        held.stride(),
        held.storage_offset(),
        None,
        held.dtype,
        torch.strided,
        _gpu(),
    )
    tensor._held = held
    return tensor


class Arguments:
    """The tensors among the arguments of one operator, sorted by device while they are unwrapped."""

    __slots__ = ("args", "kwargs", "plain", "simulated")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.simulated: list[SimulatedTensor] = []
        self.plain: list[torch.Tensor] = []
        self.args = self._unwrap_all(args)
        self.kwargs = dict(zip(kwargs, self._unwrap_all(kwargs.values()), strict=True)) if kwargs else kwargs

    def _unwrap_all(self, values: Iterable[Any]) -> list[Any]:
        """`values` with held tensors in place of simulated ones."""
        unwrapped: list[Any] = []
        for value in values:
            if isinstance(value, SimulatedTensor):
                self.simulated.append(value)
                unwrapped.append(value._held)
                continue
            if isinstance(value, torch.Tensor):
                self.plain.append(value)
            unwrapped.append(self._unwrap_all(value) if isinstance(value, (list, tuple)) else value)
        return unwrapped

    def wrap(self, result: Any) -> Any:
        """`result` on `gpu`; a tensor that the operator was given and wrote into stays the one it was."""
        if isinstance(result, torch.Tensor):
            for tensor in self.simulated:
                if tensor._held is result:
                    return tensor
            for plain in self.plain:
                if plain is result:
                    return result
            return on_gpu(result)
        if isinstance(result, (list, tuple)):
            return type(result)([self.wrap(item) for item in result])
        return result


def run_operator(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operator on the held tensors; its results are on `gpu` when its `device` or its arguments are."""
    special = _special(func)
    if special is not None:
        return special(func, args, kwargs)
    return _run_on_held(func, args, kwargs)[0]


def _run_on_held(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Arguments]:
    arguments = Arguments(args, kwargs)
    to_gpu = bool(arguments.simulated)
    if to_gpu and arguments.plain:
        check_mixing(func, args, kwargs, is_simulated)
    if kwargs:
        to_gpu = _settle_options(arguments.kwargs, to_gpu)
    result = func(*arguments.args, **arguments.kwargs)
    return (arguments.wrap(result) if to_gpu else result), arguments


def is_simulated(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, SimulatedTensor)


def _settle_options(held_kwargs: dict[str, Any], to_gpu: bool) -> bool:
    """Make the options fit the held tensors; whether the results are on `gpu`. Raises RuntimeError as CUDA does."""
    device = held_kwargs.get("device")
    if device is not None:
        to_gpu = device.type == NAME
        if to_gpu:
            if device.index:
                raise RuntimeError(f"{NAME} error: invalid device ordinal")
            held_kwargs["device"] = CPU
    if held_kwargs.get("pin_memory"):
        held_kwargs["pin_memory"] = False
    generator = held_kwargs.get("generator")
    if generator is not None:
        check_generator(device_of_generator(generator), NAME if to_gpu else "cpu")
    return to_gpu


@functools.cache
def _gpu() -> torch.device:
    return torch.device(NAME, 0)


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
    result, arguments = _run_on_held(func, args, kwargs)
    for tensor in arguments.simulated:
        held = tensor._held
        if held.shape != tensor.shape or held.stride() != tensor.stride():
            ORIGINAL_DATA.__set__(tensor, on_gpu(held))
    return result


def _is_pinned(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return False


def _pin_memory(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
    """Without a GPU there is nothing to pin for: a copy, as on CUDA, in ordinary memory."""
    tensor: torch.Tensor = args[0]
    if is_simulated(tensor):
        raise RuntimeError(f"cannot pin '{tensor.type()}' only dense CPU tensors can be pinned")
    return tensor.clone()
