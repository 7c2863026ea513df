"""Models with known scores, for checking what is built around a model: sampling, estimating, training.

Like every probe they run beside the student's code, report what they saw, and judge nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from support.simulated.mixing import NAME
from support.simulated.tensor import is_simulated
from support.training_probes import seed_torch

MOST_SHOWN = 1000  # windows in one report; a row at a time, a check of probabilities shows twenty times as many

_device: Any = torch.Tensor.device.__get__

# Beside the models, so that code that changes a model's attributes does not change what was seen of it.
_notes: weakref.WeakKeyDictionary[nn.Module, tuple[list[Tensor], list[bool]]] = weakref.WeakKeyDictionary()


class Bigram(nn.Module):
    """Looks the scores for the next token up by the current one, and remembers how it was called.

    `shown` holds the batches that it was given, `recorded` whether a gradient was being recorded for each.
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = nn.Parameter(table.clone())

    @property
    def shown(self) -> list[Tensor]:
        return _notes_of(self)[0].copy()

    @property
    def recorded(self) -> list[bool]:
        return _notes_of(self)[1].copy()

    def forward(self, tokens: Tensor, *_: Any, **__: Any) -> Tensor:
        """[B, T] -> [B, T, V]: `table[token]` at each position."""
        scores = F.embedding(tokens, self.table)
        shown, recorded = _notes_of(self)
        shown.append(tokens.detach().cpu().clone())
        recorded.append(scores.requires_grad)
        return scores


def _notes_of(model: nn.Module) -> tuple[list[Tensor], list[bool]]:
    return _notes.setdefault(model, ([], []))


def bigram(table: Tensor, device: str = "cpu") -> Bigram:
    """A `Bigram` on `device`, with the scores `table` [V, V]."""
    return Bigram(table).to(device)


def watch_generate(
    model: nn.Module,
    table: Tensor,
    tokens: Tensor,
    num_tokens: int,
    seed: int | None = None,
    *,
    global_seed: int = 0,
    training: bool = True,
    device: str = "cpu",
) -> dict[str, Any]:
    """Let `model.generate` sample while `model` answers with the scores of a `Bigram`, and report what it did.

    With a `seed` it is given a CPU generator in that state; torch's global generator starts from `global_seed`.

    Returns: `result`; its `device`; the first windows `shown` to the model; whether any was `recorded` for a
    gradient; the training `modes` of the model and its submodules afterwards; the `prompt` afterwards.
    """
    scores = bigram(table, device)
    # An instance's own `forward` serves `self(window)` and `self.forward(window)` alike.
    model.forward = scores.forward
    model.to(device).train(training)
    prompt = tokens.clone().to(device)
    seed_torch(global_seed)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    result = model.generate(prompt, num_tokens, generator=generator)  # type: ignore[operator]
    return {
        "result": result.cpu() if isinstance(result, Tensor) else result,
        "device": place(result),
        "shown": scores.shown[:MOST_SHOWN],
        "recorded": any(scores.recorded),
        "modes": [module.training for module in model.modules()],
        "prompt": prompt.cpu(),
    }


def draw_batches(
    get_batch: Callable[..., tuple[Tensor, Tensor]],
    tokens: Tensor,
    batch_size: int,
    ctx_size: int,
    times: int,
    seed: int | None = None,
    *,
    global_seed: int = 0,
) -> dict[str, Tensor]:
    """Call `get_batch` so often, with one generator in the state of `seed` or with the global one.

    Returns: `X` and `y`, each [times, B, T], and the `tokens` as they are afterwards.
    """
    seed_torch(global_seed)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    batches = [get_batch(tokens, batch_size, ctx_size, "cpu", generator=generator) for _ in range(times)]
    return {"X": torch.stack([X for X, _ in batches]), "y": torch.stack([y for _, y in batches]), "tokens": tokens}


def loss_gradient(loss_fn: Callable[[Tensor, Tensor], Tensor], logits: Tensor, y: Tensor) -> Tensor:
    """The gradient of `loss_fn(logits, y)` with respect to the logits [B, T, V]."""
    leaf = logits.detach().clone().requires_grad_(True)
    torch.autograd.backward(loss_fn(leaf, y))
    return leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)


def place(value: object) -> str:
    """The type of the device that a tensor is on, as "cpu"; for anything else what it is, as "a float"."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    with torch._C.DisableTorchFunctionSubclass():  # a subclass may say otherwise
        found: str = _device(value).type
    return "cpu" if found == NAME and not is_simulated(value) else found
