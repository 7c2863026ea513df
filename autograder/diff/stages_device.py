"""The stages on an accelerator, a real one or the simulated `gpu`: where results lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.stage import Place, Stage, Values
from support.checking import Submission, error_from
from support.replies import kind_of
from support.reports import generated_on, place_of_result, places_of_batch

TEXT = torch.tensor([3, 1, 4, 1, 5, 0, 2, 6, 5, 3, 5])


def stages(device: str) -> tuple[Stage, ...]:
    """The device stages for this accelerator."""

    def stage(name: str, title: str, look: Callable[[Submission], Values], *builds_on: str) -> Stage:
        return Stage(f"device_{name}", 4, f"on {device}: {title}", look, builds_on=builds_on, device=device)

    def place(name: str, title: str, function: Callable[[Submission], Any], args: list[Any], *builds_on: str) -> Stage:
        def look(side: Submission) -> Values:
            return {"where the result is": Place(place_of_result(side, function(side), args, device))}

        return stage(name, title, look, *builds_on)

    def batch(side: Submission) -> Values:
        names = ("X", "y", "the text")
        get_batch, long = side.data.get_batch, TEXT.repeat(100)
        places = dict(zip(names, places_of_batch(side, get_batch, long, 3, 4, device, device), strict=True))
        back = dict(zip(names, places_of_batch(side, get_batch, long, 3, 4, device, "cpu"), strict=True))
        return {
            **{f"device={device!r}, {k}": Place(v) for k, v in places.items()},
            **{f"device='cpu', {k}": Place(v) for k, v in back.items()},
        }

    def batch_from_generator(side: Submission) -> Values:
        found = places_of_batch(
            side, side.data.get_batch, TEXT.repeat(100), 3, 4, device, device, seed=1, as_object=True
        )
        return dict(zip(("X", "y", "the text"), map(Place, found), strict=True))

    def decoded(side: Submission) -> Values:
        return {"text": side.probes.decode_on(side.tokenizer.decode, torch.tensor([1, 2, 0]), ["t", "g", "e"], device)}

    def mixed(side: Submission) -> Values:
        error = error_from(
            lambda: side.probes.place_of_mixed(_model(side), torch.ones(2, 4, dtype=torch.int64), device)
        )
        return {"PyTorch's error about two devices": error is not None and "same device" in error.message}

    def estimated(side: Submission) -> Values:
        config = side.training.TrainConfig(2, 3, 0, 0.1, 1, 2)
        loss = side.probes.estimate_on(
            device, side.training.estimate_loss, side.probes.bigram(torch.zeros(7, 7)), TEXT, config
        )
        return {"the loss": kind_of(loss)}

    def trained(side: Submission) -> Values:
        config = side.training.TrainConfig(2, 3, 2, 0.1, 2, 1)
        model = side.probes.bigram(torch.zeros(7, 7))
        return {"where the model is": side.probes.train_on(device, side.training.train, model, TEXT, TEXT, config)}

    def moved(side: Submission) -> Values:
        model = _model(side)
        model(prompt)
        return {"where the logits are": Place(place_of_result(side, model, [prompt], device))}

    def generated(side: Submission) -> Values:
        seen = generated_on(side, device, _model(side), torch.zeros(7, 7), torch.tensor([[2, 4], [6, 5]]), 6)
        return {"where the result is": Place(seen.device)}

    scores, ones, prompt = torch.zeros(2, 3, 3), torch.ones(2, 4, 6), torch.ones(2, 4, dtype=torch.int64)
    inside = ("device_scores", "device_mask", "device_probs", "head")
    model = ("device_block", "device_attention", "device_feed_forward", "logits")
    return (
        stage("batch", "a batch", batch, "batch"),
        stage("draw", "a batch from a generator", batch_from_generator, "batch", "device_batch"),
        place("scores", "scores", lambda side: side.attention.attention_scores, [_qk(), _qk()], "scores"),
        place(
            "mask",
            "masked scores",
            lambda side: side.attention.causal_mask,
            [scores, torch.ones(3, 3).tril()],
            "masked",
        ),
        place("probs", "probabilities", lambda side: side.attention.attention_probs, [scores, -1], "probs"),
        place("head", "a head", lambda side: side.attention.Head(6, 3, 5), [ones], *inside),
        place(
            "attention",
            "attention",
            lambda side: side.attention.MultiHeadAttention(6, 2, 5),
            [ones],
            "device_head",
            "projected",
        ),
        place("feed_forward", "feed-forward", lambda side: side.model.FeedForward(6), [ones], "feed_forward"),
        place(
            "block",
            "a block",
            lambda side: side.model.Block(6, 2, 5),
            [ones],
            "device_attention",
            "device_feed_forward",
            "block",
        ),
        place("logits", "logits", _model, [prompt], *model),
        stage("moved", "logits of a model that has moved", moved, "device_logits", *model),
        stage("mixed", "tokens on the CPU", mixed, "device_logits", *model),
        place(
            "loss",
            "loss",
            lambda side: side.training.loss_fn,
            [torch.zeros(2, 3, 5), torch.ones(2, 3, dtype=torch.int64)],
            "loss",
        ),
        stage("estimate", "estimated loss", estimated, "device_batch", "device_loss", "estimate"),
        stage("train", "training", trained, "device_estimate", "device_batch", "training"),
        stage("generate", "generate", generated, "windows"),
        place(
            "continuation",
            "generate with a real model",
            lambda side: _model(side).generate,
            [prompt, 4],
            "device_generate",
            "device_logits",
            "windows",
        ),
        stage("decode", "tokens to text", decoded, "decode"),
    )


def _model(side: Submission) -> Any:
    return side.model.TransformerLM(side.model.ModelConfig(7, 5, 6, 2, 1))


def _qk() -> Tensor:
    return inputs.numbers("device", 2, 4, 3)
