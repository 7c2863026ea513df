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


def place_of_result(function: Callable[..., Any], args: list[Any], device: str) -> str:
    """Call `function` with all on `device`, also the module that it is or belongs to; say where the result lies."""
    with accelerator(device):
        owner = getattr(function, "__self__", function)
        if isinstance(owner, nn.Module):
            owner.to(device)
        return place(function(*[value.to(device) if isinstance(value, Tensor) else value for value in args]))


def place_of_mixed(model: nn.Module, tokens: Tensor, device: str) -> str:
    """Call a model on `device` with tokens that stay on the CPU; say where the result lies, if there is one."""
    with accelerator(device):
        return place(model.to(device)(tokens))


def decode_on(decode: Callable[[Tensor, list[str]], str], tokens: Tensor, vocab: list[str], device: str) -> str:
    """What `decode` makes of tokens on `device`."""
    with accelerator(device):
        return decode(tokens.to(device), vocab)


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
) -> dict[str, Any]:
    """A batch for the device `wanted`, where `device` can be had, from a CPU generator if there is a `seed`.

    `as_object` says whether `wanted` is passed on as a torch.device instead of a string. Returns: `X` and `y` as
    CPU tensors, and the `places` of X, y and the text.
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    with accelerator(device):
        target = torch.device(wanted) if as_object else wanted
        X, y = get_batch(tokens, batch_size, ctx_size, target, generator=generator)
        return {"X": X.cpu(), "y": y.cpu(), "places": [place(X), place(y), place(tokens)]}


def watch_generate_on(device: str, model: nn.Module, table: Tensor, tokens: Tensor, num_tokens: int) -> dict[str, Any]:
    """`watch_generate` on `device`, from the global generator."""
    with accelerator(device):
        return watch_generate(model, table, tokens, num_tokens, device=device)


def estimate_on(
    device: str, estimate_loss: Callable[..., float], model: nn.Module, tokens: Tensor, config: Any
) -> float:
    """The loss that `estimate_loss` gives for a model that was moved to `device`."""
    with accelerator(device):
        return estimate_loss(model.to(device), tokens, config, device)


def train_on(
    device: str, train: Callable[..., Any], model: nn.Module, train_tokens: Tensor, test_tokens: Tensor, config: Any
) -> list[str]:
    """Train a model that was moved to `device`; say where its parameters are afterwards, each place once."""
    with accelerator(device):
        train(model.to(device), train_tokens, test_tokens, config, device)
        return sorted({place(value) for value in parameters_of(model).values()})
