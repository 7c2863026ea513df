"""Right code: on the simulated accelerator it must run, and give the CPU's numbers."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from tests.simulated_snippets.model import Model, Snippet, attention, batch_by_stacking, data, mask, numbers


def batch_by_moving_first(d: Any) -> tuple[Tensor, Tensor]:
    tokens = data().to(d)
    starts = torch.randint(193, (5,)).tolist()
    return torch.stack([tokens[i : i + 6] for i in starts]), torch.stack([tokens[i + 1 : i + 7] for i in starts])


def batch_by_indexing(d: Any) -> tuple[Tensor, Tensor]:
    tokens = data()
    places = torch.randint(193, (5, 1)) + torch.arange(6)
    return tokens[places].to(d), tokens[places + 1].to(d, non_blocking=True)


def batch_with_starts_on_device(d: Any) -> tuple[Tensor, Tensor]:
    tokens = data().to(d)
    starts = torch.randint(193, (5,), device=d)
    places = starts[:, None] + torch.arange(6, device=d)[None]
    return tokens[places], tokens.gather(0, (places + 1).flatten()).view(5, 6)


def train(d: Any, make_optimizer: Callable[[Any], torch.optim.Optimizer], steps: int = 4) -> list[float]:
    model = Model().to(d)
    optimizer = make_optimizer(model.parameters())
    losses = []
    for _ in range(steps):
        X, y = batch_by_stacking(d)
        loss = F.cross_entropy(model(X).view(-1, 11), y.view(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        losses.append(loss.item())
    return losses


def gradients(d: Any, formula: Callable[[Tensor, Tensor], Tensor]) -> list[Tensor]:
    a, b = numbers(d, 3, 4).requires_grad_(), numbers(d, 3, 4).requires_grad_()
    out = formula(a, b)
    out.sum().backward()
    return [out, a.grad, b.grad]


def alias_through_view(d: Any) -> list[Tensor]:
    x = torch.zeros(4, 4, device=d)
    row, block, flat = x[1], x[:2, :2], x.view(-1)
    row += 1
    block.mul_(3)
    flat[15] = 7
    x.t()[0].fill_(torch.tensor(5.0))
    return [x, row, block, flat]


def assign_by_index(d: Any) -> Tensor:
    x = numbers(d, 4, 5)
    x[torch.tensor([0, 2])] = 1.0
    x[x > 1] = 0
    x[x < torch.tensor(-1.0)] = torch.tensor(9.0)
    x[1, torch.tensor([1, 2], device=d)] = torch.tensor([7.0, 8.0], device=d)
    x[:, 0] = torch.arange(4.0)
    x[3] = x[0]
    return x


def change_shape_in_place(d: Any) -> list[Any]:
    x = numbers(d, 2, 3)
    x.t_()
    y = numbers(d, 2, 1, 3).squeeze_(1).unsqueeze_(0)
    out = torch.empty(0, device=d)
    torch.mul(x, 2, out=out)
    return [x, x.shape, x.contiguous().view(-1), y, y.shape, out, out.shape]


def assign_data(d: Any) -> list[Tensor]:
    layer = nn.Linear(3, 3).to(d)
    layer.weight.data = torch.eye(3, device=d)
    layer.weight.data.mul_(2)
    layer.bias.data.zero_()
    alias = layer.weight.data
    alias[0, 0] = 5
    return [layer.weight, layer.weight + 1, layer.bias, layer(torch.ones(1, 3, device=d))]


def load_from_cpu(d: Any) -> list[Any]:
    source, model = Model(), Model().to(d)
    model.load_state_dict(source.state_dict())
    state = {name: value.cpu() for name, value in model.state_dict().items()}
    source.load_state_dict(state)
    double = copy.deepcopy(model)
    with torch.no_grad():
        model.head.bias.zero_()
    return [*double.parameters(), double.tril, model.head.bias, [name for name, _ in double.named_parameters()]]


def save_and_load(d: Any) -> list[Any]:
    model, file = Model().to(d), io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = Model().to(d)
    other.load_state_dict(torch.load(file))
    return list(other.parameters())


def parameters_are_parameters(d: Any) -> list[Any]:
    model = Model().to(d)
    made_here = nn.Linear(2, 2, device=d)
    own = nn.Parameter(torch.ones(2, device=d))
    names = [name for name, value in model.named_parameters() if isinstance(value, nn.Parameter)]
    placed = {value.device.type == torch.device(d).type for value in [*model.parameters(), model.tril, own]}
    model.double()
    return [names, placed, isinstance(made_here.weight, nn.Parameter), own.requires_grad, *model.parameters()]


def there_and_back(d: Any) -> list[Any]:
    model = Model().to(d).to("cpu")
    x = numbers(d, 2, 2)
    return [x.to(d) is x, x.to(x) is x, x.cpu().device.type, next(model.parameters()).device.type, x.to("cpu")]


def as_python_values(d: Any) -> list[Any]:
    x = torch.tensor([[1.5, 2.0]], device=d)
    scalar = torch.tensor(3, device=d)
    values = [x.tolist(), x[0, 1].item(), float(x[0, 0]), int(scalar), bool(scalar > 2), len(x), f"{scalar}"]
    return [*values, [row.tolist() for row in x], list(range(9))[scalar], x.numel(), x.dtype, x.cpu().numpy().sum()]


def mixed_as_cuda_permits(d: Any) -> list[Tensor]:
    x = numbers(d, 3, 4)
    number = torch.tensor(0.5)
    losses = torch.zeros(3)
    losses[1] = x.sum()
    total = torch.tensor(0.0)
    total = total + x.mean()
    added = x.clone().add_(number)
    low = x.masked_fill(x > 0, torch.tensor(-9.0))
    picked = [x[torch.tensor([2, 0])], x[torch.tensor(1)], x[torch.tensor([True, False, True])]]
    chosen = torch.where(x > number, number, torch.tensor(0.0))
    copied = torch.zeros(3, 4).copy_(x)
    return [
        x * number,
        number - x,
        x // number,
        torch.rsub(x, number),
        losses,
        total,
        added,
        low,
        *picked,
        chosen,
        copied,
    ]


def default_device(d: Any) -> list[Tensor]:
    with torch.device(d):
        inside = torch.arange(3) + torch.ones(3)
    torch.set_default_device(d)
    try:
        return [inside, torch.zeros(2) + torch.tensor([1.0, 2.0]), nn.Linear(2, 2).weight]
    finally:
        torch.set_default_device(None)


def under_inference_mode(d: Any) -> list[Any]:
    model = Model().to(d)
    with torch.inference_mode():
        logits = model(torch.arange(6).to(d)[None])
        x = torch.ones(2, 3).to(d)
        moved = x.to(torch.float64).to("cpu")
        return [logits, x.reshape(3, 2) @ x, moved, moved.device.type, F.softmax(x, -1), x.tolist()]


def sampled(d: Any) -> list[Any]:
    probs = numbers(d, 5, 7).softmax(-1)
    categorical = torch.distributions.Categorical(probs=probs)
    drawn = categorical.sample()
    generator = torch.Generator(device=d).manual_seed(3)
    return [
        torch.multinomial(probs, 2),
        drawn,
        categorical.log_prob(drawn),
        torch.multinomial(probs, 1, generator=generator),
        torch.rand(3, device=d, generator=generator),
        torch.randint(9, (3,), device=d, generator=generator),
        torch.empty(3, device=d).uniform_(generator=generator),
        isinstance(generator, torch.Generator) and generator.device.type == torch.device(d).type,
    ]


def seeded(d: Any) -> list[Tensor]:
    torch.manual_seed(5)
    first = [torch.rand(3, device=d), torch.randn(2, device=d), torch.randint(9, (4,), device=d)]
    torch.manual_seed(5)
    return [*first, torch.rand(3, device=d), torch.randperm(6, device=d), torch.rand_like(first[0])]


def prepared_copies(d: Any) -> list[Any]:
    pinned = torch.arange(4).pin_memory()
    return [pinned.to(d, non_blocking=True), torch.zeros(2).to(d).to("cpu", non_blocking=True)]


def dropout_keeps_the_mean(d: Any) -> list[Any]:
    x = torch.ones(10_000, device=d, requires_grad=True)
    y = F.dropout(x, 0.25)
    y.sum().backward()
    kept = sorted(set(y.tolist()))
    return [abs(y.mean().item() - 1) < 0.05, len(kept), kept[0], round(kept[1], 4), torch.equal(x.grad, y)]


def accumulated_gradient(d: Any) -> list[Any]:
    x = numbers(d, 3).requires_grad_()
    (x * 2).sum().backward()
    (x**2).sum().backward()
    kept = x.grad.clone()
    x.grad.zero_()
    (gradient,) = torch.autograd.grad((x.exp() * 3).sum(), x)
    with torch.no_grad():
        x -= 0.1 * gradient
    return [kept, x.grad, x, x.detach().requires_grad, x.requires_grad]


def printed(d: Any) -> list[str]:
    place = f", device='{torch.device(d).type}:0'"
    x = torch.ones(2, device=d)
    return [repr(x).replace(place, ""), str(x.requires_grad_()).replace(place, "")]


def converted(d: Any) -> list[Any]:
    x = numbers(d, 3)
    other = torch.ones(1, dtype=torch.float64, device=d)
    kinds = [x.long(), x.double(), x.int(), x.bool(), x.half().float(), x.to(torch.int32), x.type(torch.float64)]
    made = [x.new_tensor([1, 2]), x.new_zeros(2), x.new_full((2,), 3), torch.zeros_like(x), torch.empty_like(x).zero_()]
    return [
        *kinds,
        *made,
        x.to(other),
        x.type_as(other),
        torch.as_tensor([1, 2], device=d),
        torch.full((2,), 4, device=d),
    ]


def optimizer_state(d: Any) -> list[Tensor]:
    model = Model().to(d)
    first, second = torch.optim.AdamW(model.parameters()), torch.optim.AdamW(model.parameters())
    model(torch.arange(6).to(d)[None]).sum().backward()
    first.step()
    second.load_state_dict(first.state_dict())
    second.step()
    return list(model.parameters())


def checkpointed(d: Any) -> list[Tensor]:
    x = numbers(d, 3).requires_grad_()
    checkpoint(lambda t: t.tanh() * t, x, use_reentrant=False).sum().backward()
    return [x, x.grad]


def parameters_as_vector(d: Any) -> list[Tensor]:
    layer = nn.Linear(3, 2).to(d)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    nn.utils.vector_to_parameters(vector * 2, layer.parameters())
    return [*layer.parameters(), layer(torch.ones(1, 3).to(d))]


def numbers_joined(d: Any) -> list[Tensor]:
    losses = [torch.tensor(1.0, device=d), numbers(d, 2).sum()]
    return [torch.tensor(losses), torch.stack(losses).mean(), sum(losses) / 2]


def reduced(d: Any) -> list[Any]:
    x = numbers(d, 4, 5)
    found = [*x.sort(dim=-1), *x.topk(2), x.cumsum(1), *x.max(dim=0), x.argmax(-1), x.std(), x.logsumexp(0)]
    asked = [torch.isnan(x).any(), torch.allclose(x, x + 0), torch.equal(x, x.clone()), (x == x).all()]
    joined = [torch.cat([x, x]), torch.stack([x, x], 1), x.repeat(2, 1), *x.split(2), torch.einsum("ij,kj->ik", x, x)]
    built = [F.one_hot(x.argmax(-1), 5), torch.triu(x), x.unbind(1)[0], x.expand(2, 4, 5), torch.eye(3, device=d)]
    return [*found, *asked, *joined, *built, torch.tril_indices(3, 3, device=d), torch.linspace(0, 1, 3, device=d)]


CORRECT: dict[str, Snippet] = {
    "names of the device": lambda d: [torch.zeros(1, device=torch.device(torch.device(d).type, 0)).to(torch.device(d))],
    "from a list": lambda d: [torch.tensor([1, 2], device=d), torch.tensor([[1.0]]).to(d), torch.tensor(2.0, device=d)],
    "batch: stack": batch_by_stacking,
    "batch: move first": batch_by_moving_first,
    "batch: index": batch_by_indexing,
    "batch: starts on the device": batch_with_starts_on_device,
    "forward": lambda d: Model().to(d)(batch_by_stacking(d)[0]),
    "train: AdamW": lambda d: train(d, torch.optim.AdamW),
    "train: AdamW foreach": lambda d: train(d, lambda p: torch.optim.AdamW(p, foreach=True)),
    "train: SGD foreach": lambda d: train(d, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, foreach=True)),
    "train: Adam, SGD": lambda d: [train(d, torch.optim.Adam), train(d, torch.optim.SGD)],
    "attention: causal": lambda d: attention(d, is_causal=True),
    "attention: boolean mask": lambda d: attention(d, attn_mask=mask(d) == 1),
    "attention: added mask": lambda d: attention(d, attn_mask=mask(d).log()),
    "gradients: elementwise": lambda d: gradients(d, lambda a, b: (a * b + a / (b.abs() + 1)).tanh().relu()),
    "gradients: matmul": lambda d: gradients(d, lambda a, b: (a @ b.T).softmax(0).log()),
    "gradients: index": lambda d: gradients(d, lambda a, b: a[:, [1, 2]] * b[torch.tensor([2, 1, 0])][:, :2]),
    "gradients: mask": lambda d: gradients(d, lambda a, b: a.masked_fill(b > 0, 0.0) + torch.where(a > b, a, b)),
    "gradients: cat": lambda d: gradients(d, lambda a, b: torch.cat([a, b.flip(0)]).cumsum(0).view(-1)[::2]),
    "gradients: norm": lambda d: gradients(d, lambda a, b: F.layer_norm(a, (4,), b[0], b[1])),
    "gradients: in place": lambda d: gradients(d, lambda a, b: (a * 1).mul_(b).add_(2)),
    "gradient accumulates": accumulated_gradient,
    "views alias": alias_through_view,
    "assignment by index": assign_by_index,
    "in-place shapes": change_shape_in_place,
    "assigning .data": assign_data,
    "state dict": load_from_cpu,
    "save and load": save_and_load,
    "parameters": parameters_are_parameters,
    "there and back": there_and_back,
    "python values": as_python_values,
    "permitted mixes": mixed_as_cuda_permits,
    "default device": default_device,
    "inference mode": under_inference_mode,
    "sampling": sampled,
    "seeds": seeded,
    "pinned and non-blocking": prepared_copies,
    "dropout": dropout_keeps_the_mean,
    "printing": printed,
    "conversions": converted,
    "reductions and joins": reduced,
    "optimizer state": optimizer_state,
    "checkpoint": checkpointed,
    "parameters as a vector": parameters_as_vector,
    "numbers joined": numbers_joined,
    "cross-entropy": lambda d: F.cross_entropy(numbers(d, 6, 3), torch.arange(6).to(d) % 3, label_smoothing=0.1),
}
