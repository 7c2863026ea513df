"""Problem 4, hidden: the other parts on a device, and a whole training there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from support.checking import Submission, covers, expect, expect_equal, expect_tensor, hint, number, requires, weight
from support.compose import compose
from support.reports import place_of_result, places_of_batch


def _expect_on(place: str, device: str, did: str) -> None:
    expect(place == device, did, f"a tensor on {device}", place if place.startswith("a ") else f"one on {place}")


def _config(submission: Submission, num_steps: int) -> Any:
    return submission.training.TrainConfig(
        batch_size=2, ctx_size=4, num_steps=num_steps, learning_rate=0.01, eval_interval=2, eval_batches=1
    )


@number("4.10")
@covers("get_batch")
@requires("get_batch")
@hint("The generator belongs to the CPU, whatever `device` is: draw there, then move.")
def test_cpu_generator_serves_every_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """With a CPU generator, batches can be had for another device, which may be given as a torch.device."""
    tokens = torch.randint(66, (10_000,), generator=rng)
    seed = int(torch.randint(2**31, (), generator=rng))
    get_batch = submission.data.get_batch
    X, y, _ = places_of_batch(submission, get_batch, tokens, 5, 3, device, device, seed=seed, as_object=True)
    did = f"Called get_batch with device=torch.device({device!r}) and a CPU generator and looked at"
    _expect_on(X, device, f"{did} X")
    _expect_on(y, device, f"{did} y")


@number("4.11")
@covers("attention_scores")
@requires("attention_scores")
@hint("Look for a tensor that the function makes itself.")
def test_scores_stay_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """`attention_scores` works on the device of its inputs."""
    q, k = torch.randn(2, 2, 4, 3, generator=rng)
    place = place_of_result(submission, submission.attention.attention_scores, [q, k], device)
    _expect_on(place, device, f"Called attention_scores with tensors on {device}")


@number("4.12")
@covers("attention_probs")
@requires("attention_probs")
@hint("Look for a tensor that the function makes itself.")
def test_probabilities_stay_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """`attention_probs` works on the device of its input."""
    scores = torch.randn(2, 4, 4, generator=rng)
    place = place_of_result(submission, submission.attention.attention_probs, [scores, -1], device)
    _expect_on(place, device, f"Called attention_probs with a tensor on {device}")


@number("4.13")
@covers("MultiHeadAttention")
@requires("MultiHeadAttention")
@hint("Look for tensors that are made inside `forward`, and for modules kept where `.to(device)` does not find them.")
def test_attention_works_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """Multi-head attention works on the device that it was moved to."""

    def check() -> None:
        module = submission.attention.MultiHeadAttention(8, 4, 6)
        place = place_of_result(submission, module, [torch.randn(2, 5, 8, generator=rng)], device)
        _expect_on(place, device, f"Moved MultiHeadAttention to {device} and called it there")

    compose(submission, own=check, doubled=check, replaced=["Head"])


@number("4.14")
@covers("FeedForward")
@requires("FeedForward")
@hint("Look for tensors that are made inside `forward`.")
def test_feed_forward_works_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """The feed-forward part works on the device that it was moved to."""
    place = place_of_result(submission, submission.model.FeedForward(4), [torch.randn(2, 3, 4, generator=rng)], device)
    _expect_on(place, device, f"Moved FeedForward to {device} and called it there")


@number("4.15")
@covers("Block")
@requires("Block")
@hint("Look for tensors that are made inside `forward`.")
def test_block_works_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """A block works on the device that it was moved to."""

    def check() -> None:
        module = submission.model.Block(8, 2, 6)
        place = place_of_result(submission, module, [torch.randn(3, 6, 8, generator=rng)], device)
        _expect_on(place, device, f"Moved a Block to {device} and called it there")

    compose(submission, own=check, doubled=check, replaced=["MultiHeadAttention", "FeedForward"])


@number("4.16")
@covers("loss_fn")
@requires("loss_fn")
@hint("Look for tensors that are made inside `loss_fn`.")
def test_loss_is_computed_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """`loss_fn` works on the device of its inputs and leaves the loss there."""
    logits, y = torch.randn(2, 3, 5, generator=rng), torch.randint(5, (2, 3), generator=rng)
    place = place_of_result(submission, submission.training.loss_fn, [logits, y], device)
    _expect_on(place, device, f"Called loss_fn with tensors on {device}")


@number("4.17")
@weight(2)
@covers("train")
@requires("train", "TransformerLM")
@hint("Forward, backward and optimizer all work where the parameters are.")
def test_transformer_is_trained_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """A transformer is trained on the device, for either axis of the softmax, and stays there."""
    # Long, so that no luck decides whether a batch from a wrong place is met here: that is for problem 5 to find.
    text = torch.randint(9, (20_000,), generator=rng)

    def check() -> None:
        for softmax_dim, num_steps in ((-1, 2), (1, 1)):
            sizes = submission.model.ModelConfig(9, 6, 8, 2, 1, softmax_dim)
            model = submission.model.TransformerLM(sizes)
            places = submission.probes.train_on(
                device, submission.training.train, model, text[:10_000], text[10_000:], _config(submission, num_steps)
            )
            expect_equal(places, [device], f"Trained a transformer on {device} and looked where its parameters are")

    compose(submission, own=check, doubled=check, replaced=["Block"])


@number("4.18")
@covers("generate")
@requires("generate", "TransformerLM")
@hint("Follow the devices through one turn of the loop: window, scores, draw, and the tensor that grows.")
def test_real_model_generates_on_the_device(submission: Submission, rng: torch.Generator, device: str) -> None:
    """A real model on a device generates there."""
    prompt = torch.randint(9, (2, 3), generator=rng)

    def check() -> None:
        model = submission.model.TransformerLM(submission.model.ModelConfig(9, 8, 8, 2, 1))
        place = place_of_result(submission, model.generate, [prompt, 5], device)
        _expect_on(place, device, f"Generated 5 tokens with a model and a prompt on {device}")

    compose(submission, own=check, doubled=check, replaced=["Block"])


@number("4.19")
@covers("TransformerLM")
@requires("TransformerLM")
@hint("Is anything kept from one call to the next? Only parameters and buffers move with the model.")
def test_model_may_move_after_it_was_used(submission: Submission, rng: torch.Generator, device: str) -> None:
    """A head and a model that were called on the CPU work on the device that they are moved to afterwards."""
    x, tokens = torch.randn(2, 5, 8, generator=rng), torch.randint(9, (2, 5), generator=rng)

    def check(made: Any, given: Tensor, name: str) -> None:
        expect_tensor(made(given), f"Called a {name} on the CPU")
        place = place_of_result(submission, made, [given], device)
        _expect_on(place, device, f"Called a {name} on the CPU, moved it to {device} and called it there")

    def check_head() -> None:
        check(submission.attention.Head(8, 4, 8), x, "head")

    def check_model() -> None:
        check(submission.model.TransformerLM(submission.model.ModelConfig(9, 8, 8, 2, 1)), tokens, "model")

    inside = ["attention_scores", "causal_mask", "attention_probs"]
    compose(submission, own=check_head, doubled=check_head, replaced=inside)
    compose(submission, own=check_model, doubled=check_model, replaced=["Block"])
