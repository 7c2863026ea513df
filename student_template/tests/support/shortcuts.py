"""Library calls that do the homework's work at once, for courses that want it done by hand.

What is not allowed raises NotAllowed where it is called, so that the part which calls it counts as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

MODULES: dict[str, tuple[type[nn.Module], ...]] = {
    "nn.MultiheadAttention": (nn.MultiheadAttention,),
    "nn.Transformer": (
        *(nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder),
        *(nn.TransformerEncoderLayer, nn.TransformerDecoderLayer),
    ),
    "F.scaled_dot_product_attention": (),
}
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "nn.MultiheadAttention": (F.multi_head_attention_forward, torch._native_multi_head_attention),
    "nn.Transformer": (torch._transformer_encoder_layer_fwd,),
    "F.scaled_dot_product_attention": (F.scaled_dot_product_attention,),
}
_modes: list[TorchFunctionMode] = []


class NotAllowed(Exception):
    """The submission called what this course wants written out."""


def forbid(names: Sequence[str]) -> None:
    """From now on, in this process, calling any of these raises NotAllowed. Raises KeyError for an unknown name."""
    modules = {kind: name for name in names for kind in MODULES[name]}
    functions = {function: name for name in names for function in FUNCTIONS[name]}

    def before(module: nn.Module, _: object) -> None:
        for kind, name in modules.items():
            if isinstance(module, kind):
                raise _refusal(name)

    if modules:
        nn.modules.module.register_module_forward_pre_hook(before)
    if functions:
        mode = Refusing(functions)
        mode.__enter__()  # type: ignore[no-untyped-call]
        _modes.append(mode)


class Refusing(TorchFunctionMode):
    """Lets every call through but those that are not allowed."""

    def __init__(self, functions: dict[Any, str]) -> None:
        super().__init__()
        self._functions = functions

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if (name := self._functions.get(func)) is not None:
            raise _refusal(name)
        return func(*args, **(kwargs or {}))


def _refusal(name: str) -> NotAllowed:
    return NotAllowed(f"{name} is not allowed in this course: write its steps out")
