"""Problem 4: the device. On a machine without a GPU these checks use a simulated one, whose name is `gpu`."""

from __future__ import annotations

from typing import Any

import torch

from support.checking import Submission, covers, error_from, expect, expect_equal, hint, number, requires, weight
from support.compose import compose
from support.replies import kind_of
from support.reports import generated_on, place_of_result, places_of_batch

TEXT = torch.tensor([3, 1, 4, 1, 5, 0, 2, 6, 5, 3, 5])


def _model(submission: Submission, **changes: int) -> Any:
    sizes = {"vocab_size": 7, "ctx_size": 5, "embed_size": 6, "num_heads": 2, "num_blocks": 1, **changes}
    return submission.model.TransformerLM(submission.model.ModelConfig(**sizes))


def _expect_on(place: str, device: str, did: str) -> None:
    expect(place == device, did, f"a tensor on {device}", place if place.startswith("a ") else f"one on {place}")


@number("4.1")
@weight(2)
@covers("get_batch")
@requires("get_batch")
@hint("`device` is where the batch has to be in the end; it may be any name that PyTorch knows.")
def test_batches_go_to_the_device(submission: Submission, device: str) -> None:
    """`get_batch` puts X and y on the device that it is given, and leaves the text on the CPU."""
    long_text = TEXT.repeat(1000)  # so that an end that is off by one has no part in this
    for wanted in (device, "cpu"):
        did = f"Called get_batch with device={wanted!r} and looked at"
        X, y, text = places_of_batch(submission, submission.data.get_batch, long_text, 3, 4, device, wanted)
        _expect_on(X, wanted, f"{did} X")
        _expect_on(y, wanted, f"{did} y")
        _expect_on(text, "cpu", f"{did} the text")


@number("4.2")
@covers("causal_mask")
@requires("causal_mask")
@hint("A tensor that is made inside a function is on the CPU unless it is told otherwise.")
def test_masked_scores_stay_on_the_device(submission: Submission, device: str) -> None:
    """`causal_mask` works on the device of its inputs."""
    tensors = [torch.zeros(2, 3, 3), torch.tril(torch.ones(3, 3))]
    place = place_of_result(submission, submission.attention.causal_mask, tensors, device)
    _expect_on(place, device, f"Called causal_mask with tensors on {device}")


@number("4.3")
@covers("Head")
@requires("Head")
@hint("What a module keeps as a parameter or a buffer moves with it; every other tensor has to be sent after it.")
def test_head_works_on_the_device(submission: Submission, device: str) -> None:
    """A head that was moved to a device works there, with all that it needs."""

    def check() -> None:
        head = submission.attention.Head(6, 3, 5)
        place = place_of_result(submission, head, [torch.ones(2, 4, 6)], device)
        _expect_on(place, device, f"Moved a Head to {device} and called it with a tensor there")

    parts = ["attention_scores", "causal_mask", "attention_probs"]
    compose(submission, own=check, doubled=check, replaced=parts)


@number("4.4")
@weight(2)
@covers("TransformerLM")
@requires("TransformerLM")
@hint("Look for tensors that `forward` makes itself, and for the device that they are made on.")
def test_model_works_on_the_device(submission: Submission, device: str) -> None:
    """A model that was moved to a device computes its logits there."""

    def check() -> None:
        place = place_of_result(submission, _model(submission), [torch.ones(2, 4, dtype=torch.int64)], device)
        _expect_on(place, device, f"Moved a model to {device} and called it with tokens there")

    compose(submission, own=check, doubled=check, replaced=["Block"])


@number("4.5")
@weight(2)
@covers("TransformerLM")
@requires("TransformerLM")
@hint("A forgotten `.to(device)` is the caller's mistake. Moving tokens inside the model would hide it.")
def test_mixed_devices_are_an_error(submission: Submission, device: str) -> None:
    """Tokens on the CPU and a model on another device give PyTorch's error: the model does not repair it."""

    def check() -> None:
        model, tokens = _model(submission), torch.ones(2, 4, dtype=torch.int64)
        error = error_from(lambda: submission.probes.place_of_mixed(model, tokens, device))
        did = f"Called a model on {device} with tokens on the CPU"
        if error is None:
            expect(False, did, "PyTorch's error about two devices", "a result")
            return
        named = "same device" in error.message
        expect(named, did, "PyTorch's error about two devices", f"{error.type_names[0]}: {error.message}")

    compose(submission, own=check, doubled=check, replaced=["Block"])


@number("4.6")
@weight(2)
@covers("generate")
@requires("generate")
@hint("Prompt, new tokens and result are all on one device. Look for tensors that `generate` makes itself.")
def test_generating_works_on_the_device(submission: Submission, device: str) -> None:
    """`generate` continues a prompt that is on a device, on that device."""
    prompt = torch.tensor([[2, 4], [6, 5]])
    seen = generated_on(submission, device, _model(submission), torch.zeros(7, 7), prompt, 6)
    _expect_on(seen.device, device, f"Generated 6 tokens with a model and a prompt on {device}")


@number("4.7")
@covers("estimate_loss")
@requires("estimate_loss")
@hint("Model and batch have to meet on one device.")
def test_estimate_works_on_the_device(submission: Submission, device: str) -> None:
    """The loss of a model on a device is estimated there."""
    config = submission.training.TrainConfig(2, 3, 0, 0.1, 1, 2)
    model = submission.probes.bigram(torch.zeros(7, 7))
    loss = submission.probes.estimate_on(device, submission.training.estimate_loss, model, TEXT, config)
    is_number = isinstance(loss, (int, float)) or (isinstance(loss, torch.Tensor) and loss.numel() == 1)
    expect(is_number, f"Estimated the loss of a model on {device}", "a loss", kind_of(loss))


@number("4.8")
@weight(2)
@covers("train")
@requires("train")
@hint("The model is on the device already, the texts stay where they are: what has to be moved, and when?")
def test_training_works_on_the_device(submission: Submission, device: str) -> None:
    """`train` trains a model on the device where it is."""
    config = submission.training.TrainConfig(2, 3, 2, 0.1, 2, 1)
    model = submission.probes.bigram(torch.zeros(7, 7))
    places = submission.probes.train_on(device, submission.training.train, model, TEXT, TEXT, config)
    expect_equal(places, [device], f"Trained a model on {device} and looked where its parameters are")


@number("4.9")
@covers("decode")
@requires("decode")
@hint("A token in a tensor on another device is still a number that can be fetched.")
def test_decode_takes_tokens_from_the_device(submission: Submission, device: str) -> None:
    """`decode` takes tokens from any device."""
    text = submission.probes.decode_on(submission.tokenizer.decode, torch.tensor([1, 2, 0]), ["t", "g", "e"], device)
    did = f"Called decode with tokens on {device} that stand for 'get'"
    expect(isinstance(text, (str, list)), did, "a text", kind_of(text))
    expect(
        [letter for letter in text if isinstance(letter, str) and letter in "get"] == ["g", "e", "t"],
        did,
        "that text",
        "another",
    )
