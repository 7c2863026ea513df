"""Models with known scores, for checking what is built around a model: sampling, estimating, training.

Like every probe they run beside the student's code, report what they saw, and judge nothing.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from support.parameters import attributes_of, modules_of
from support.simulated.mixing import NAME
from support.simulated.tensor import SimulatedTensor, SimulationMode
from support.training_probes import seed_torch
from support.turns import OURS, Outcome, Theirs, Turns, call, numbers, probe, run

MOST_SHOWN = 1000  # windows in one report; a row at a time, a check of probabilities shows twenty times as many

_device: Any = torch.Tensor.device.__get__
# What student code cannot get between.
_detach, _cpu, _clone, _add = (vars(torch._C.TensorBase)[name] for name in ("detach", "cpu", "clone", "add"))
_embedding, _records, _without_functions = torch.embedding, torch.is_grad_enabled, torch._C.DisableTorchFunction
_modes, _mode = torch._C._len_torch_dispatch_stack, torch._C._get_dispatch_stack_at


def sealed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, in an object that does not tell what it calls: not even a list's `append` gives the list."""
    return functools._lru_cache_wrapper(function, 0, False, None)  # type: ignore[call-arg]


def _new_book() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A way to begin the notes on something, once and for all, and a way to find them."""
    pages = dict[int, Any]()
    return sealed(pages.setdefault), sealed(pages.get)


# What was seen of each model is added to by all, changed by nobody, and found by where the model is: whatever it says
# of itself. A model is kept with its notes, so that no other one comes to be where it was.
_begin_notes, _notes_at = _new_book()


class Bigram(nn.Module):
    """Looks the scores for the next token up by the current one. `seen_by` says how it was called."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = nn.Parameter(table.clone())
        pages = list[tuple[Tensor, bool]]()
        _begin_notes(id(self), (sealed(pages.append), sealed(pages.copy), self))

    def forward(self, tokens: Tensor, *_: Any, **__: Any) -> Tensor:
        """[B, T] -> [B, T, V]: `table[token]` at each position."""
        tokens = _as_ours(tokens)
        scores = F.embedding(tokens, self.table)
        if (notes := _notes_at(id(self))) is not None:  # there are none on a copy
            notes[0]((tokens.detach().cpu().clone(), scores.requires_grad))
        return scores


def _openly(function: Callable[..., Any]) -> tuple[Callable[[Any], None], Callable[[], Outcome]]:
    """Two functions: one takes an argument, the other calls `function` with that. On a laptop, that is all."""
    waiting = deque[Any]()
    return waiting.append, lambda: run(function, (waiting.popleft(),), {})


# What the grader's worker puts here sees to it that nobody looks into `function` while it runs.
out_of_sight = _openly


def _answering(table: Tensor) -> tuple[Callable[..., Tensor], Callable[[], list[tuple[Tensor, bool]]]]:
    """A model's forward, with the scores `table` [V, V], and what gives the windows that it was asked about.

    Who has not asked it does not know the scores. With each window goes whether a gradient was being recorded.
    """
    pages = list[tuple[Tensor, bool]]()
    recordable = torch.zeros((), requires_grad=True, device=table.device)

    def look_up(tokens: Tensor) -> Tensor:
        if type(tokens) not in OURS or any(type(_mode(i)) is not SimulationMode for i in range(_modes())):
            raise TypeError(f"the model is given {type(tokens).__name__}, or works in somebody's dispatch mode")
        with _without_functions():
            records = _records()
            pages.append((_clone(_cpu(_detach(tokens))), records))
            scores: Tensor = _embedding(table, tokens)
            return _add(scores, recordable) if records else scores

    ask, answer = out_of_sight(look_up)

    def forward(tokens: Tensor, *_: Any, **__: Any) -> Tensor:
        """[B, T] -> [B, T, V]: `table[token]` at each position."""
        ask(_as_ours(tokens))
        returned, scores = answer()
        if not returned:
            raise scores
        return scores  # type: ignore[no-any-return]

    return forward, pages.copy


def _as_ours(tokens: Tensor) -> Tensor:
    """Tokens that are the same whenever they are looked at, which those of a student's class need not be."""
    if type(tokens) in OURS:
        return tokens
    return torch.tensor(tokens.tolist(), dtype=torch.int64, device=tokens.device)


@probe
def seen_by(model: object) -> Turns:
    """The batches that a `Bigram` was given, `shown`, and for each whether a gradient was being `recorded`."""
    notes = _notes_at(id(model))
    seen = [] if notes is None else notes[1]()
    yield from ()
    return {"shown": [tokens for tokens, _ in seen], "recorded": [recorded for _, recorded in seen]}


def bigram(table: Tensor, device: str = "cpu") -> Bigram:
    """A `Bigram` on `device`, with the scores `table` [V, V]."""
    return Bigram(table).to(device)


@probe
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
) -> Turns:
    """Let `model.generate` sample while `model` answers with the scores of a `table`, and report what it did.

    With a `seed` it is given a CPU generator in that state; torch's global generator starts from `global_seed`.

    Returns: `result`; its `device`; the first windows `shown` to the model; whether any was `recorded` for a
    gradient; whether PyTorch `records` gradients afterwards; the training `modes` of the model and its submodules
    afterwards; the `prompt` afterwards.
    """
    forward, asked = _answering(table.to(device))
    yield from call(_prepare, model, forward, device, training)
    prompt = tokens.clone().to(device)
    seed_torch(global_seed)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    result = yield from call(_generate, model, prompt, num_tokens, generator)
    # First what takes no operation of PyTorch's, in which other threads get a turn; and all before anything of the
    # result is looked at, which may run code of its own.
    records = _records()
    modes = [attributes_of(module).get("training") for module in modules_of(model)]
    seen = asked()
    recorded, shown = any(records for _, records in seen), [window for window, _ in seen[:MOST_SHOWN]]
    left = numbers(prompt)
    return {
        "result": Theirs((yield from call(_on_cpu, result))),
        "device": place(result),
        "shown": shown,
        "recorded": recorded,
        "records": records,
        "modes": modes,
        "prompt": left,
    }


def _prepare(model: nn.Module, forward: Callable[..., Tensor], device: str, training: bool) -> None:
    # An instance's own `forward` serves `self(window)` and `self.forward(window)` alike.
    model.forward = forward
    model.to(device).train(training)


def _generate(model: Any, prompt: Tensor, num_tokens: int, generator: torch.Generator | None) -> Any:
    return model.generate(prompt, num_tokens, generator=generator)


def _on_cpu(value: Any) -> Any:
    return value.cpu() if isinstance(value, Tensor) else value


@probe
def draw_batches(
    get_batch: Callable[..., tuple[Tensor, Tensor]],
    tokens: Tensor,
    batch_size: int,
    ctx_size: int,
    times: int,
    seed: int | None = None,
    *,
    global_seed: int = 0,
) -> Turns:
    """Call `get_batch` so often, with one generator in the state of `seed` or with the global one.

    Returns: `X` and `y`, each [times, B, T], and the `tokens` as they are afterwards.
    """
    seed_torch(global_seed)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    X, y = yield from call(_stacked, get_batch, tokens, batch_size, ctx_size, times, generator)
    return {"X": Theirs(X), "y": Theirs(y), "tokens": numbers(tokens)}


def _stacked(
    get_batch: Callable[..., tuple[Tensor, Tensor]],
    tokens: Tensor,
    batch_size: int,
    ctx_size: int,
    times: int,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    batches = [get_batch(tokens, batch_size, ctx_size, "cpu", generator=generator) for _ in range(times)]
    return torch.stack([X for X, _ in batches]), torch.stack([y for _, y in batches])


def loss_gradient(loss_fn: Callable[[Tensor, Tensor], Tensor], logits: Tensor, y: Tensor) -> Tensor:
    """The gradient of `loss_fn(logits, y)` with respect to the logits [B, T, V]."""
    leaf = logits.detach().clone().requires_grad_(True)
    torch.autograd.backward(loss_fn(leaf, y))
    return leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)


def place(value: object) -> str:
    """The type of the device that a tensor is on, as "cpu"; for anything else what it is, as "a float"."""
    if not issubclass(type(value), Tensor):  # its class, whatever it says that it is
        return f"a {_name_of(type(value))}"
    with torch._C.DisableTorchFunctionSubclass():  # a subclass may say otherwise
        found: str = _device(value).type
    return "cpu" if found == NAME and type(value) is not SimulatedTensor else found


_name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
