"""Every short answer: is it the right one? Where an experiment with the reference can tell, it does."""

from __future__ import annotations

import math
from typing import Any

import torch

from support.answers import expect_answer
from support.checking import Submission, hint, number

# All different, so that a size says which letter it is.
B, T, V, E, H = 2, 3, 7, 10, 5


@number("2.31")
@hint("Print the loss of a model that has not been trained yet, for two vocabularies of different size.")
def test_the_first_loss(answers: dict[str, Any], reference: Submission) -> None:
    """Near which value the loss of an untrained model is."""
    size = 500
    config = reference.model.ModelConfig(vocab_size=size, ctx_size=8, embed_size=32, num_heads=4, num_blocks=1)
    tokens = torch.arange(64).view(8, 8)
    logits = reference.model.TransformerLM(config)(tokens)
    loss = float(reference.training.loss_fn(logits, tokens + 1).detach())
    listed = {"0": 0.0, "1": 1.0, "1 / V": 1 / size, "ln V": math.log(size), "log2 V": math.log2(size), "V": size}
    expect_answer(answers, "problem_2", "first_loss", min(listed, key=lambda name: abs(listed[name] - loss)))


@number("2.32")
@hint("The test text is what the model has never been trained on. What does knowing the other one by heart help there?")
def test_a_sign_of_memorising(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """How two loss curves show that a model learns its text by heart."""
    expect_answer(answers, "problem_2", "memorising", reference_answers["problem_2"]["memorising"])


@number("3.31")
@hint("Generate twice from the same prompt. Is the text the same? At which position does a new token begin?")
def test_how_the_next_token_is_chosen(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """How `generate` chooses the next token."""
    expect_answer(answers, "problem_3", "next_token", reference_answers["problem_3"]["next_token"])


@number("4.31")
@hint("Leave the device out on purpose, on a GPU, and read the first word of the last line of the traceback.")
def test_the_error_of_mixed_devices(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """Which exception PyTorch raises when model and batch are on different devices."""
    expect_answer(answers, "problem_4", "error_type", reference_answers["problem_4"]["error_type"])


@number("4.32")
@hint("Make a module with a plain tensor and a buffer, call `to`, and look at both.")
def test_what_a_buffer_is_for(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """Why `tril` is a buffer."""
    expect_answer(answers, "problem_4", "why_a_buffer", reference_answers["problem_4"]["why_a_buffer"])


@number("5.31")
@hint("Print X.shape for a batch_size and a ctx_size that differ.")
def test_the_shape_of_X(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of X."""
    X, _ = reference.data.get_batch(torch.arange(V), B, T, "cpu")
    expect_answer(answers, "problem_5", "X_shape", _letters(X))


@number("5.32")
@hint("Print logits.shape with a batch_size, a ctx_size and a vocab_size that all differ.")
def test_the_shape_of_the_logits(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the logits."""
    expect_answer(answers, "problem_5", "logits_shape", _letters(_model(reference)(torch.zeros(B, T).long())))


@number("5.33")
@hint("Print loss.shape. How many numbers can one call backward() on?")
def test_the_shape_of_the_loss(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the loss."""
    tokens = torch.zeros(B, T).long()
    loss = reference.training.loss_fn(_model(reference)(tokens), tokens)
    expect_answer(answers, "problem_5", "loss_shape", _letters(loss))


@number("5.34")
@hint("Compare X[b], y[b] and what the mask lets position t see.")
def test_what_a_row_of_logits_scores(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """What the V numbers `logits[b, t]` score."""
    expect_answer(answers, "problem_5", "logits_row", reference_answers["problem_5"]["logits_row"])


@number("6.31")
@hint("Change one position of the heads' results, then one feature. Which entries does `proj` make of that?")
def test_what_proj_mixes(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """Which numbers `proj` adds up to make one entry of its result."""
    expect_answer(answers, "problem_6", "proj_mixes", reference_answers["problem_6"]["proj_mixes"])


@number("7.31")
@hint("Print the shape of the product for sizes that all differ.")
def test_the_shape_of_the_scores(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the product of q with k transposed."""
    scores = reference.attention.attention_scores(torch.ones(B, T, H), torch.ones(B, T, H))
    expect_answer(answers, "problem_7", "scores_shape", _letters(scores))


@number("7.32")
@hint("Add a tensor [2, 2] to one of shape [3, 2, 2] and look at all three results.")
def test_what_broadcasting_does(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """What broadcasting does with a mask [T, T]."""
    expect_answer(answers, "problem_7", "broadcast", reference_answers["problem_7"]["broadcast"])


@number("8.31")
@hint("Which keys may the first position see? Write down its row of probabilities.")
def test_the_first_row_of_probabilities(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Which probability the first position gives to itself."""
    scores = torch.randn(B, T, T, generator=rng)
    probs = reference.attention.attention_probs(reference.attention.causal_mask(scores, torch.ones(T, T).tril()))
    found = {"0": 0.0, "1 / T": 1 / T, "1": 1.0}
    right = [name for name, value in found.items() if torch.allclose(probs[:, 0, 0], torch.tensor(value))]
    expect_answer(answers, "problem_8", "first_row", right[0] if right else "it depends on the scores")


@number("9.31")
@hint("Print probs.sum(dim) for each dim, with B and T that differ: where is it 1 everywhere?")
def test_the_axis_of_dim_minus_1(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Along which index the probabilities sum to 1 with dim=-1."""
    expect_answer(answers, "problem_9", "dim_minus_1", _summed_index(reference, rng, -1))


@number("9.32")
@hint("Print probs.sum(dim) for each dim, with B and T that differ: where is it 1 everywhere?")
def test_the_axis_of_dim_1(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Along which index the probabilities sum to 1 with dim=1."""
    expect_answer(answers, "problem_9", "dim_1", _summed_index(reference, rng, 1))


@number("10.31")
@hint("Write down the three probabilities of one column when T is 3, and mark what each of them is divided by.")
def test_the_cause_of_the_leak(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """Why a model with softmax_dim=1 reaches a loss that no honest model can."""
    expect_answer(answers, "problem_10", "cause", reference_answers["problem_10"]["cause"])


@number("10.32")
@hint("What does the last position of a training sequence see, and what the positions before it? And in `generate`?")
def test_why_it_writes_nonsense(answers: dict[str, Any], reference_answers: dict[str, Any]) -> None:
    """Why a model with so low a loss writes nonsense."""
    expect_answer(answers, "problem_10", "generation", reference_answers["problem_10"]["generation"])


def _model(reference: Submission) -> Any:
    config = reference.model.ModelConfig(vocab_size=V, ctx_size=T, embed_size=E, num_heads=E // H, num_blocks=1)
    return reference.model.TransformerLM(config)


def _letters(tensor: torch.Tensor) -> str:
    names = {B: "B", T: "T", V: "V", E: "E", H: "H"}
    return " ".join(names[size] for size in tensor.shape) or "scalar"


def _summed_index(reference: Submission, rng: torch.Generator, dim: int) -> str:
    probs = reference.attention.attention_probs(torch.randn(B, T, T, generator=rng), dim)
    sums = {name: probs.sum(index) for index, name in enumerate(["the batch b", "the query i", "the key j"])}
    return next(name for name, total in sums.items() if torch.allclose(total, torch.ones_like(total)))
