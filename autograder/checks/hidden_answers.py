"""Every short answer: is it the right one? What is right is found out by experiments with the reference."""

from __future__ import annotations

from typing import Any

import torch

from autograder.checks import answer_experiments as experiments
from autograder.checks import answer_trainings as trainings
from autograder.checks.answer_experiments import B, H, T, V, letters, small_model
from support.answers import expect_answer
from support.checking import Submission, hint, number


@number("2.31")
@hint(
    'Reread section 2, "The training curve", of the handout.'
    " Print the loss of a model that has not been trained yet, for two vocabularies of different size."
)
def test_the_first_loss(answers: dict[str, Any], reference: Submission) -> None:
    """Near which value the loss of an untrained model is."""
    expect_answer(answers, "problem_2", "first_loss", experiments.first_loss(reference))


@number("2.32")
@hint(
    'Reread section 2, "The training curve", of the handout.'
    " Train on the first 100 characters only, for long, and look at both losses."
)
def test_a_sign_of_memorising(answers: dict[str, Any], reference: Submission) -> None:
    """How two loss curves show that a model learns its text by heart."""
    expect_answer(answers, "problem_2", "memorising", trainings.memorising(reference))


@number("3.31")
@hint('Reread section 3, "Generation", of the handout. Generate twice from the same prompt. Is the text the same?')
def test_how_the_next_token_is_chosen(answers: dict[str, Any], reference: Submission) -> None:
    """How `generate` chooses the next token."""
    expect_answer(answers, "problem_3", "next_token", experiments.next_token(reference))


@number("4.31")
@hint(
    'Reread section 4, "The device", of the handout.'
    " Leave the device out on purpose, and read the first word of the last line of the error."
)
def test_the_error_of_mixed_devices(answers: dict[str, Any], reference: Submission, device: str) -> None:
    """Which exception PyTorch raises when model and batch are on different devices."""
    expect_answer(answers, "problem_4", "error_type", experiments.mixed_devices(reference, device))


@number("4.32")
@hint(
    'Reread section 4, "The device", of the handout.'
    " Make a module with a plain tensor and a buffer, call `to`, and look at both."
)
def test_what_a_buffer_is_for(answers: dict[str, Any], reference: Submission, device: str) -> None:
    """Why `tril` is a buffer."""
    expect_answer(answers, "problem_4", "why_a_buffer", experiments.why_a_buffer(reference, device))


@number("5.31")
@hint('Reread section 5, "Shapes", of the handout. Print X.shape for a batch_size and a ctx_size that differ.')
def test_the_shape_of_X(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of X."""
    X, _ = reference.data.get_batch(torch.arange(V), B, T, "cpu")
    expect_answer(answers, "problem_5", "X_shape", letters(X))


@number("5.32")
@hint(
    'Reread section 5, "Shapes", of the handout.'
    " Print logits.shape with a batch_size, a ctx_size and a vocab_size that all differ."
)
def test_the_shape_of_the_logits(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the logits."""
    expect_answer(answers, "problem_5", "logits_shape", letters(small_model(reference)(torch.zeros(B, T).long())))


@number("5.33")
@hint('Reread section 5, "Shapes", of the handout. Print loss.shape. How many numbers can one call backward() on?')
def test_the_shape_of_the_loss(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the loss."""
    tokens = torch.zeros(B, T).long()
    loss = reference.training.loss_fn(small_model(reference)(tokens), tokens)
    expect_answer(answers, "problem_5", "loss_shape", letters(loss))


@number("5.34")
@hint('Reread section 5, "Shapes", of the handout. Compare X[b], y[b] and what the mask lets position t see.')
def test_what_a_row_of_logits_scores(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """What the V numbers `logits[b, t]` score."""
    expect_answer(answers, "problem_5", "logits_row", experiments.logits_row(reference, rng))


@number("6.31")
@hint(
    'Reread section 6, "Multi-head attention", of the handout.'
    " Change one position of the heads' results, then one feature. Which entries does `proj` make of that?"
)
def test_what_proj_mixes(answers: dict[str, Any], reference: Submission) -> None:
    """Which numbers `proj` adds up to make one entry of its result."""
    expect_answer(answers, "problem_6", "proj_mixes", experiments.proj_mixes(reference))


@number("7.31")
@hint(
    'Reread section 7, "Matrix products and broadcasting", of the handout.'
    " Print the shape of the product for sizes that all differ."
)
def test_the_shape_of_the_scores(answers: dict[str, Any], reference: Submission) -> None:
    """The shape of the product of q with k transposed."""
    scores = reference.attention.attention_scores(torch.ones(B, T, H), torch.ones(B, T, H))
    expect_answer(answers, "problem_7", "scores_shape", letters(scores))


@number("7.32")
@hint(
    'Reread section 7, "Matrix products and broadcasting", of the handout.'
    " Add a tensor [2, 2] to one of shape [3, 2, 2] and look at all three results."
)
def test_what_broadcasting_does(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """What broadcasting does with a mask [T, T]."""
    expect_answer(answers, "problem_7", "broadcast", experiments.broadcast(reference, rng))


@number("8.31")
@hint(
    'Reread section 8, "The causal mask", of the handout.'
    " Which keys may the first position see? Write down its row of probabilities."
)
def test_the_first_row_of_probabilities(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Which probability the first position gives to itself."""
    expect_answer(answers, "problem_8", "first_row", experiments.first_row(reference, rng))


@number("9.31")
@hint(
    'Reread section 9, "The axis of the softmax", of the handout.'
    " Print probs.sum(dim) for each dim, with B and T that differ."
)
def test_the_axis_of_dim_minus_1(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Along which index the probabilities sum to 1 with dim=-1."""
    expect_answer(answers, "problem_9", "dim_minus_1", experiments.summed_index(reference, rng, -1))


@number("9.32")
@hint(
    'Reread section 9, "The axis of the softmax", of the handout.'
    " Print probs.sum(dim) for each dim, with B and T that differ."
)
def test_the_axis_of_dim_1(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Along which index the probabilities sum to 1 with dim=1."""
    expect_answer(answers, "problem_9", "dim_1", experiments.summed_index(reference, rng, 1))


@number("10.31")
@hint(
    'Reread section 10, "Too good to be true", of the handout.'
    " Write down the three probabilities of one column when T is 3, and mark what each of them is divided by."
)
def test_the_cause_of_the_leak(answers: dict[str, Any], reference: Submission, rng: torch.Generator) -> None:
    """Why a model with softmax_dim=1 reaches a loss that no honest model can."""
    expect_answer(answers, "problem_10", "cause", trainings.cause(reference, rng))


@number("10.32")
@hint(
    'Reread section 10, "Too good to be true", of the handout.'
    " What does the last position of a training sequence see, and what the positions before it?"
)
def test_why_it_writes_nonsense(answers: dict[str, Any], reference: Submission) -> None:
    """Why a model with so low a loss writes nonsense."""
    expect_answer(answers, "problem_10", "generation", trainings.generation(reference))
