"""The whole way from a text to a sampled continuation, each step fed with what the same side computed before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.observe import Seen, seen
from autograder.diff.stage import Values
from autograder.diff.stages_attention import settled
from autograder.diff.stages_heads import projects, traced
from autograder.diff.stages_training import train_config
from autograder.diff.subject import Subject
from support.reports import parameter_gradients, parameters

SEED, NEW_TOKENS = 5, 12
DECAY = 0.01  # AdamW's default
SURE = 0.9995  # of the learning rate: the move of a parameter whose gradient is 2000 times AdamW's epsilon of 1e-8
Step = Callable[["_Way"], Values]


@dataclass(frozen=True)
class Flow:
    """One side's way. `steps` has what was seen at each, `sample` the tokens that its model wrote, if any."""

    steps: dict[str, Seen]
    sample: Any = None


@dataclass
class _Way:
    """One side's way so far. `steps` has what was seen at each, `state` what later ones are fed with."""

    side: Subject
    steps: dict[str, Seen] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)

    def go(self, step: Step, *names: str) -> bool:
        """Take one step, whose values are filed under `names`; whether there is something to go on with.

        An error stands at the last of them: nobody knows how far the step came.
        """
        found = seen(self.side, lambda side: step(self))
        if found.error is not None:
            self.steps[names[-1]] = found
            return False
        for name in names:
            if len(names) == 1 or name in found.values:
                self.steps[name] = Seen(found.values if len(names) == 1 else found.values[name])
        return True


def run(side: Subject) -> Flow:
    """Go as far as the side's answers lead. What was not reached is not among the steps."""
    flow = _Way(side)
    _go(flow)
    return Flow(flow.steps, flow.state.get("sample"))


def _go(flow: _Way) -> None:
    text = inputs.TRAIN_TEXT + inputs.TEST_TEXT
    before_the_model: tuple[tuple[Step, str], ...] = (
        (lambda flow: _vocabulary(flow, text), "vocabulary"),
        (lambda flow: _tokens(flow, text), "tokens"),
        (_decode, "decode"),
        (_split, "split"),
        (_batch, "batch"),
    )
    for step, name in before_the_model:
        if not flow.go(step, name) and name != "decode":
            return
    if flow.go(_forward, *FORWARD) and "logits" in flow.state and flow.go(_loss, "loss"):
        flow.go(_gradients, "gradients")
    if flow.go(_one_step, "step"):
        flow.go(_continuation, "continuation")


def _vocabulary(flow: _Way, text: str) -> Values:
    flow.state["vocab"] = flow.side.tokenizer.get_vocab(text)
    return {"vocabulary": flow.state["vocab"]}


def _tokens(flow: _Way, text: str) -> Values:
    flow.state["tokens"] = flow.side.tokenizer.encode(text, flow.state["vocab"])
    return {"tokens": flow.state["tokens"]}


def _decode(flow: _Way) -> Values:
    return {"text": flow.side.tokenizer.decode(flow.state["tokens"], flow.state["vocab"])}


def _split(flow: _Way) -> Values:
    train, test = flow.side.data.split(flow.state["tokens"], 0.5)
    flow.state |= {"train": train, "test": test}
    return {"train": train, "test": test}


def _batch(flow: _Way) -> Values:
    pairs = [flow.side.data.get_batch(flow.state[name], 1, inputs.T, "cpu") for name in ("train", "test")]
    X, y = (torch.cat([pair[i] for pair in pairs]) for i in (0, 1))
    flow.state |= {"X": X, "y": y}
    return {"X": X, "y": y}


FORWARD = (
    *("embedded", "q_k_v", "scaled", "masked", "probs", "head", "concatenated", "projected", "residual"),
    *("feed_forward", "block", "normed", "logits"),
)
"""The steps inside one forward pass, in order."""


def _forward(flow: _Way) -> dict[str, dict[str, Any]]:
    flow.state["model"] = model = inputs.model(flow.side)
    report = traced(flow.side, model, flow.state["X"])
    into, out, inside = report["into"], report["out"], report["inside"]
    heads = range(inputs.HEADS)
    attention = "blocks.0.attention"

    def present(found: dict[str, tuple[dict[str, Tensor], str]]) -> dict[str, Tensor]:
        return {name: source[key] for name, (source, key) in found.items() if key in source}

    def is_projection(key: str) -> bool:
        return projects(report, key, into.get(key.rpartition(".")[0], into.get(attention)))

    def within(name: str) -> dict[str, Tensor]:
        return present({f"head {k}": (inside, f"{attention}.heads.{k} {name}") for k in heads})

    projections = {
        f"head {k}, {letter}": (out, f"{attention}.heads.{k}.{name}")
        for k in heads
        for letter, name in (("q", "query"), ("k", "key"), ("v", "value"))
        if is_projection(f"{attention}.heads.{k}.{name}")
    }
    found = {
        "embedded": present({"x": (into, "blocks.0")}),
        "q_k_v": present(projections),
        "scaled": within("attention_scores"),
        "masked": {name: settled(value) for name, value in within("causal_mask").items()},
        "probs": within("attention_probs"),
        "head": present({f"head {k}": (out, f"{attention}.heads.{k}") for k in heads}),
        "concatenated": present({"what proj reads": (into, f"{attention}.proj")}),
        "projected": present({"block 0": (out, attention)}),
        "residual": present({"block 0": (into, "blocks.0.feed_forward_norm")}),
        "feed_forward": present({"block 0": (out, "blocks.0.feed_forward")}),
        "block": present({f"block {k}": (out, f"blocks.{k}") for k in range(inputs.BLOCKS)}),
        "normed": present({"what lm_head reads": (into, "lm_head")}),
    }
    if isinstance(report["raised"], list) and len(report["raised"]) == 2:
        kind, message = map(str, report["raised"])
        flow.steps["logits"] = Seen(error=(kind, message))
        return {name: values for name, values in found.items() if values}
    flow.state["logits"] = report["result"]
    return {**found, "logits": {"logits": report["result"]}}


def _loss(flow: _Way) -> Values:
    return {"loss": flow.side.training.loss_fn(flow.state["logits"], flow.state["y"])}


def _gradients(flow: _Way) -> Values:
    loss_fn, logits = flow.side.training.loss_fn, flow.state["logits"]
    back = flow.side.probes.loss_gradient(loss_fn, logits, flow.state["y"])
    return parameter_gradients(flow.side, flow.state["model"], flow.state["X"], back)


def _one_step(flow: _Way) -> Values:
    flow.state["trained"] = model = inputs.model(flow.side)
    config = train_config(
        flow.side, batch_size=1, ctx_size=inputs.T, num_steps=1, learning_rate=inputs.LEARNING_RATE, eval_batches=1
    )
    flow.side.training.train(model, flow.state["train"], flow.state["test"], config, "cpu")
    return parameters(flow.side, model)


def steady(right: Seen, one: Seen) -> Seen:
    """The parameters after a step, without those whose gradient is next to nothing on the `right` side.

    AdamW's first step moves each parameter by the learning rate, however small its gradient; only the sign counts, and
    that of rounding errors is nobody's mistake.
    """
    before = inputs.weights(inputs.model_shapes(len(inputs.VOCAB), inputs.CTX, inputs.E, inputs.HEADS, inputs.BLOCKS))
    values = dict(one.values)
    for name, after in right.values.items():
        mine = values.get(name)
        if name in before and isinstance(mine, Tensor) and mine.shape == before[name].shape == after.shape:
            moved = (after - before[name] * (1 - inputs.LEARNING_RATE * DECAY)).abs()
            values[name] = mine.masked_fill(moved < SURE * inputs.LEARNING_RATE, 0.0)
    return Seen(values, one.error, one.where)


def _continuation(flow: _Way) -> Values:
    """What may be judged of a sample: which numbers are drawn from the generator is the student's choice."""
    prompt = flow.state["X"][:, :4]
    draws = [
        flow.state["trained"].generate(prompt, NEW_TOKENS, generator=flow.side.probes.generator(SEED)) for _ in range(2)
    ]
    result = draws[0]
    if not isinstance(result, Tensor):
        raise TypeError(f"generate returned a {type(result).__name__}")
    flow.state["sample"] = result
    return {
        "shape": list(result.shape),
        "dtype": str(result.dtype),
        "begins with the prompt": bool(result.shape[1:] and torch.equal(result[:, :4], prompt)),
        "tokens of the vocabulary": bool(((result >= 0) & (result < len(inputs.VOCAB))).all()),
        "the same generator gives the same again": torch.equal(result, draws[1]),
    }
