"""Evidence about devices: where results lie when a model works on an accelerator, real or simulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from support.parameters import parameters_of
from support.simulated_device import NAME, activate, simulated_accelerator
from support.stub_models import place, watch_generate
from support.turns import OURS, Theirs, Turns, call, probe


def make_available(device: str) -> None:
    """Let this process have `device`. Has to come before its first backward pass if that is the simulated one."""
    if device == NAME:
        activate()


@contextmanager
def accelerator(device: str) -> Iterator[None]:
    """Tensors can be on `device` in here, also when it is the simulated one."""
    if device == NAME:
        with simulated_accelerator():
            yield
    else:
        yield


@probe
def place_of_result(function: Callable[..., Any], args: list[Any], device: str) -> Turns:
    """Call `function` with all on `device`, also the module that it is or belongs to; say where the result lies."""
    with accelerator(device):
        yield from call(_move_owner, function, device)
        there = [value.to(device) if type(value) in OURS else value for value in args]
        return place((yield from call(function, *there)))


def _moved(model: nn.Module, device: str) -> nn.Module:
    return model.to(device)


def _move_owner(function: Callable[..., Any], device: str) -> None:
    owner = getattr(function, "__self__", function)
    if isinstance(owner, nn.Module):
        owner.to(device)


@probe
def place_of_mixed(model: nn.Module, tokens: Tensor, device: str) -> Turns:
    """Call a model on `device` with tokens that stay on the CPU; say where the result lies, if there is one."""
    with accelerator(device):
        moved = yield from call(_moved, model, device)
        return place((yield from call(moved, tokens)))


def decode_on(decode: Callable[[Tensor, list[str]], str], tokens: Tensor, vocab: list[str], device: str) -> str:
    """What `decode` makes of tokens on `device`."""
    with accelerator(device):
        return decode(tokens.to(device), vocab)


@probe
def batch_on(
    get_batch: Callable[..., tuple[Tensor, Tensor]],
    tokens: Tensor,
    batch_size: int,
    ctx_size: int,
    device: str,
    wanted: str,
    *,
    seed: int | None = None,
    as_object: bool = False,
) -> Turns:
    """A batch for the device `wanted`, where `device` can be had, from a CPU generator if there is a `seed`.

    `as_object` says whether `wanted` is passed on as a torch.device instead of a string. Returns: `X` and `y` as
    CPU tensors, and the `places` of X, y and the text.
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    with accelerator(device):
        target = torch.device(wanted) if as_object else wanted
        X, y = yield from call(_pair_from, get_batch, tokens, batch_size, ctx_size, target, generator)
        places = [place(X), place(y), place(tokens)]
        on_cpu = yield from call(_both_on_cpu, X, y)
        return {"X": Theirs(on_cpu[0]), "y": Theirs(on_cpu[1]), "places": places}


def _pair_from(get_batch: Callable[..., Any], *args: Any) -> tuple[Any, Any]:
    X, y = get_batch(*args[:-1], generator=args[-1])
    return X, y


def _both_on_cpu(X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return X.cpu(), y.cpu()


@probe
def watch_generate_on(device: str, model: nn.Module, table: Tensor, tokens: Tensor, num_tokens: int) -> Turns:
    """`watch_generate` on `device`, from the global generator."""
    with accelerator(device):
        return (yield from watch_generate.steps(model, table, tokens, num_tokens, device=device))  # type: ignore[attr-defined]


def estimate_on(
    device: str, estimate_loss: Callable[..., float], model: nn.Module, tokens: Tensor, config: Any
) -> float:
    """The loss that `estimate_loss` gives for a model that was moved to `device`."""
    with accelerator(device):
        return estimate_loss(model.to(device), tokens, config, device)


@probe
def train_on(
    device: str, train: Callable[..., Any], model: nn.Module, train_tokens: Tensor, test_tokens: Tensor, config: Any
) -> Turns:
    """Train a model that was moved to `device`; say where its parameters are afterwards, each place once."""
    with accelerator(device):
        moved = yield from call(_moved, model, device)
        yield from call(train, moved, train_tokens, test_tokens, config, device)
        return sorted({place(value) for value in parameters_of(moved).values()})
