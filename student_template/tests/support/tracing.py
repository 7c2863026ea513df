"""Watching a module at work: what goes into each of its parts, what comes out, and what the functions inside return."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

INSIDE_A_HEAD = ("attention_scores", "causal_mask", "attention_probs")


def trace(module: nn.Module, x: Tensor) -> dict[str, Any]:
    """Call `module` on `x` and report what its parts did, each at its first call.

    Returns: the `result`; by the path of a submodule ("" is the module itself) the first tensor that went `into` it
    and the tensor that came `out`; and under `inside` what `attention_scores` and the like returned, as "path name"
    with the path of the submodule that called it. What is no tensor is left out, and what stands for several at once
    (under `torch.vmap`). When the module raises, `raised` has the exception's class and message, and the rest is what
    was seen until then.
    """
    watch = _Watch()
    result, raised = None, None
    try:
        watch.start(module)
        result = module(x)
    except NotImplementedError:
        raise
    except Exception as error:
        raised = [type(error).__name__, str(error)[:500]]
    finally:
        watch.stop()
    return {"result": result, "raised": raised, "into": watch.into, "out": watch.out, "inside": watch.inside}


class _Watch:
    def __init__(self) -> None:
        self.into: dict[str, Tensor] = {}
        self.out: dict[str, Tensor] = {}
        self.inside: dict[str, Tensor] = {}
        self._open: list[str] = []
        self._hooks: list[Any] = []
        self._replaced: list[tuple[Any, str, Any]] = []

    def start(self, module: nn.Module) -> None:
        for path, part in module.named_modules():
            self._hooks.append(part.register_forward_pre_hook(partial(self._enter, path)))
            self._hooks.append(part.register_forward_hook(partial(self._leave, path), always_call=True))
        for home in [found for name, found in list(sys.modules.items()) if name.startswith("charlm.")]:
            for name in INSIDE_A_HEAD:
                original = vars(home).get(name)
                if original is not None:
                    self._replaced.append((home, name, original))
                    setattr(home, name, self._noting(name, original))

    def stop(self) -> None:
        for home, name, original in self._replaced:
            setattr(home, name, original)
        for hook in self._hooks:
            hook.remove()

    def _enter(self, path: str, part: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._open.append(path)
        if inputs:
            _note(self.into, path, inputs[0])

    def _leave(self, path: str, part: nn.Module, inputs: tuple[Any, ...], result: Any) -> None:
        self._open.pop()
        _note(self.out, path, result)

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            _note(self.inside, f"{self._open[-1] if self._open else ''} {name}", result)
            return result

        return noting


def _note(notes: dict[str, Tensor], key: str, value: Any) -> None:
    if isinstance(value, Tensor) and key not in notes and not torch._C._functorch.is_functorch_wrapped_tensor(value):
        notes[key] = value.detach().clone()
