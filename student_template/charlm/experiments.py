"""Train one variant of the model, look at its losses, read what it writes. This file is given: just run it.

    python -m charlm.experiments                        softmax along dim=-1, 1000 steps
    python -m charlm.experiments --softmax-dim 1        the variant of problem 10
    python -m charlm.experiments --steps 300            shorter; --help lists everything

Writes runs/<name>.json (settings, losses, sample) and runs/<name>.png (the curves), and prints a sample.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .data import split
from .model import ModelConfig, TransformerLM
from .tokenizer import decode, encode, get_vocab
from .training import TrainConfig, train

HOME = Path(__file__).resolve().parent.parent

CTX_SIZE = 64
EMBED_SIZE = 64
NUM_HEADS = 4
NUM_BLOCKS = 3
BATCH_SIZE = 32
LEARNING_RATE = 3e-3
EVAL_BATCHES = 8
TRAIN_FRACTION = 0.9
SAMPLE_SIZE = 400


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment that the command line describes."""
    options = parse(arguments)
    text = read_text(options.data)
    try:
        run = experiment(text, options)
    except NotImplementedError as error:
        raise SystemExit(f"not implemented yet: {error}") from None

    options.runs.mkdir(parents=True, exist_ok=True)
    results = options.runs / f"{options.name}.json"
    results.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    picture = options.runs / f"{options.name}.png"
    plot([run, *other_variant(run, options.runs)], picture)

    print(f"\n{'steps':>6}  {'train':>6}  {'test':>6}")
    for steps, train_loss, test_loss in zip(run["steps"], run["train_loss"], run["test_loss"], strict=True):
        print(f"{steps:>6}  {train_loss:>6.3f}  {test_loss:>6.3f}")
    print(f"\nA sample:\n{run['sample']}\n\nWritten: {results} and {picture}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m charlm.experiments", description="Train and look.")
    parser.add_argument("--softmax-dim", type=int, choices=[-1, 1], default=-1, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=1000, metavar="N", help="updates, default: %(default)s")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--data", type=Path, default=HOME / "data" / "shakespeare.txt", metavar="PATH")
    parser.add_argument("--name", help="of the files, default: softmax_dim_-1 or softmax_dim_1")
    parser.add_argument("--runs", type=Path, default=HOME / "runs", metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    options = parser.parse_args(arguments)
    options.name = options.name or f"softmax_dim_{options.softmax_dim}"
    options.device = pick_device() if options.device == "auto" else options.device
    return options


def read_text(path: Path) -> str:
    """Read the text to train on, or end the program with a sentence about what is missing."""
    if not path.is_file():
        raise SystemExit(f"There is no text at {path}. Name another file with --data PATH.")
    return path.read_text(encoding="utf-8")


def pick_device() -> str:
    """Return the fastest device there is."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def experiment(text: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train a model on the beginning of `text` and let it write; return all that is worth keeping."""
    torch.manual_seed(options.seed)
    vocab = get_vocab(text)
    train_tokens, test_tokens = split(encode(text, vocab), TRAIN_FRACTION)
    model_config = ModelConfig(len(vocab), CTX_SIZE, EMBED_SIZE, NUM_HEADS, NUM_BLOCKS, options.softmax_dim)
    train_config = TrainConfig(
        batch_size=BATCH_SIZE,
        ctx_size=CTX_SIZE,
        num_steps=options.steps,
        learning_rate=LEARNING_RATE,
        eval_interval=max(10, options.steps // 20),
        eval_batches=EVAL_BATCHES,
    )
    model = TransformerLM(model_config).to(options.device)
    print(f"softmax_dim={options.softmax_dim} on {options.device}, {len(text)} characters, {len(vocab)} different")
    history = train(model, train_tokens, test_tokens, train_config, options.device)

    prompt = test_tokens[:1].unsqueeze(0).to(options.device)  # [1, 1]
    sample = model.generate(prompt, SAMPLE_SIZE)[0]  # [1 + SAMPLE_SIZE]
    return {
        "name": options.name,
        "softmax_dim": options.softmax_dim,
        "seed": options.seed,
        "device": options.device,
        "model": asdict(model_config),
        "training": asdict(train_config),
        "steps": history.steps,
        "train_loss": history.train_loss,
        "test_loss": history.test_loss,
        "sample": decode(sample, vocab),
    }


def other_variant(run: dict[str, Any], runs: Path) -> list[dict[str, Any]]:
    """Return the latest run with the other `softmax_dim` that lies in `runs`, in a list that is empty without one."""
    for path in sorted(runs.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        other = json.loads(path.read_text(encoding="utf-8"))
        if other["softmax_dim"] != run["softmax_dim"]:
            return [other]
    return []


def plot(runs: list[dict[str, Any]], path: Path) -> None:
    """Draw train and test loss of each run into one picture."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes: Axes = figure.subplots()
    for run, color in zip(runs, ["tab:blue", "tab:orange"], strict=False):
        label = f"softmax_dim={run['softmax_dim']}"
        axes.plot(run["steps"], run["train_loss"], color=color, linestyle="--", label=f"{label}, train")
        axes.plot(run["steps"], run["test_loss"], color=color, label=f"{label}, test")
    axes.set_xlabel("steps")
    axes.set_ylabel("loss (cross-entropy, nats per character)")
    axes.set_title("Loss on the text trained on, and on text never seen")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
