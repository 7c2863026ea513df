"""Runs every snippet in this process, on the device that is named or `gpu`, and prints what became of it as JSON.

In a process of its own, because autograd accepts the device only before its first backward pass.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.simulated_snippets.correct import CORRECT
from tests.simulated_snippets.mistaken import MISTAKEN
from tests.simulated_snippets.model import Snippet, data


def plain(value: Any) -> Any:
    """`value` with tensors as (shape, dtype, repeatable text of every number), comparable across devices."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return [list(value.shape), str(value.dtype), repr(value.tolist())]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return repr(value)


def outcome(snippet: Snippet, device: Any) -> Any:
    torch.manual_seed(0)
    try:
        return plain(snippet(device))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def losses_and_seconds(device: str) -> tuple[list[float], float]:
    from charlm.model import ModelConfig, TransformerLM
    from charlm.training import loss_fn

    torch.manual_seed(0)
    model = TransformerLM(ModelConfig(vocab_size=66, ctx_size=32, embed_size=64, num_heads=4, num_blocks=3))
    model.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    started = time.process_time()
    for _ in range(20):
        tokens = torch.randint(66, (16, 33))
        X, y = tokens[:, :-1].to(device), tokens[:, 1:].to(device)
        loss = loss_fn(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, time.process_time() - started


def reference_run(device: str) -> list[Any]:
    from charlm.model import ModelConfig, TransformerLM
    from charlm.training import TrainConfig, train

    torch.manual_seed(0)
    model = TransformerLM(ModelConfig(vocab_size=11, ctx_size=8, embed_size=16, num_heads=2, num_blocks=1)).to(device)
    config = TrainConfig(batch_size=4, ctx_size=8, num_steps=6, learning_rate=1e-3, eval_interval=3, eval_batches=2)
    history = train(model, data(), data(), config, device)
    text = model.generate(torch.zeros(2, 3, dtype=torch.long, device=device), 12)
    return [history.train_loss, history.test_loss, text.tolist(), text.device.type]


def main() -> None:
    device = sys.argv[1] if len(sys.argv) > 1 else "gpu"
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "reference"), str(root / "student_template" / "tests")]
    from support.device_probes import accelerator

    warnings.simplefilter("error")
    torch.set_num_threads(1)
    report: dict[str, Any] = {"correct": {}, "mistaken": {}}
    with accelerator(device):
        for name, snippet in CORRECT.items():
            report["correct"][name] = [outcome(snippet, "cpu"), outcome(snippet, device)]
        for name, (snippet, _) in MISTAKEN.items():
            report["mistaken"][name] = outcome(snippet, device)
        trained, reference = losses_and_seconds(device), reference_run(device)
    report["training"] = {"cpu": losses_and_seconds("cpu"), "device": trained}
    report["reference"] = {"cpu": reference_run("cpu"), "device": reference}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
