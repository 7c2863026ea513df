"""Problem 9: along which dimension probabilities sum to 1."""

from __future__ import annotations

import math

import torch

from support.checking import Submission, covers, expect, expect_close, expect_shape, hint, number, requires, weight
from support.compose import compose


@number("9.1")
@weight(2)
@covers("attention_probs")
@hint("attention_probs: the default of `dim` makes each row, that is each query, share out a probability of 1.")
def test_rows_sum_to_one(submission: Submission) -> None:
    """Without a `dim`, each query's probabilities over the keys are the softmax of its scores."""
    scores = torch.tensor([[[0.0, math.log(3)], [math.log(4), math.log(1)]]])
    expected = torch.tensor([[[0.25, 0.75], [0.8, 0.2]]])
    did = "turned scores [[0, ln 3], [ln 4, ln 1]] into probabilities"
    expect_close(submission.attention.attention_probs(scores), expected, did)


@number("9.2")
@weight(2)
@covers("attention_probs")
@hint("attention_probs: is the `dim` that is given the one that the softmax uses?")
def test_with_dim_1_columns_sum_to_one(submission: Submission) -> None:
    """With dim=1, the probabilities of each key over the queries are the softmax of its column."""
    scores = torch.tensor([[[0.0, math.log(3)], [math.log(4), math.log(1)]]])
    expected = torch.tensor([[[0.2, 0.75], [0.8, 0.25]]])
    did = "turned scores [[0, ln 3], [ln 4, ln 1]] into probabilities with dim=1"
    expect_close(submission.attention.attention_probs(scores, dim=1), expected, did)


@number("9.3")
@covers("attention_probs")
@hint("attention_probs: exp(-inf) is 0. What does your way of computing it make of -inf?")
def test_a_masked_score_gets_probability_zero(submission: Submission) -> None:
    """A score of -inf gives probability exactly 0, and the others share the rest."""
    scores = torch.tensor([[[1.0, -math.inf, -math.inf], [2.0, 2.0, -math.inf], [5.0, 5.0, 5.0]]])
    did = "turned scores with -inf above the diagonal into probabilities"
    expected = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]]])
    probs = submission.attention.attention_probs(scores)
    expect_close(probs, expected, did)
    expect(bool((expect_shape(probs, (1, 3, 3), did)[expected == 0] == 0).all()), did, "exactly 0 for -inf", "more")


@number("9.4")
@covers("attention_probs")
@hint("attention_probs: exp(1000) does not fit into a float. PyTorch's own softmax knows a way round that.")
def test_large_scores_do_not_overflow(submission: Submission) -> None:
    """Scores of a thousand, and of minus a thousand in another row, give probabilities, not NaN."""
    scores = torch.tensor([[[1000.0, 1000.0], [1000.0, -1000.0]], [[-1000.0, -1000.0], [0.0, 0.0]]])
    expected = torch.tensor([[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.5, 0.5]]])
    did = "turned scores of 1000 and -1000 into probabilities"
    expect_close(submission.attention.attention_probs(scores), expected, did)


@number("9.5")
@weight(2)
@covers("softmax_dim")
@requires("Head")
@hint("Head.forward: __init__ has kept softmax_dim. Who needs it?")
def test_a_head_hands_its_softmax_dim_on(submission: Submission) -> None:
    """A head made with softmax_dim=1 shares out each value among the positions that may see it."""

    def own() -> None:
        head = submission.attention.Head(2, 1, 4, softmax_dim=1)
        weights = {"query.weight": torch.zeros(1, 2), "value.weight": torch.tensor([[1.0, 0.0]])}
        submission.probes.set_parameters(head, weights)
        x = torch.tensor([[[6.0, 1.0], [4.0, 5.0], [5.0, 2.0]]])
        # Position 0 is seen by three positions, position 1 by two, position 2 by one.
        expected = torch.tensor([[[2.0], [4.0], [9.0]]])
        expect_close(head(x), expected, "ran a head with zero queries and softmax_dim=1 on a sequence of three")

    def doubled() -> None:
        head = submission.attention.Head(2, 1, 4, softmax_dim=1)
        weights = {"query.weight": torch.tensor([[1.0, 0.0]]), "key.weight": torch.tensor([[0.0, 1.0]])}
        submission.probes.set_parameters(head, weights | {"value.weight": torch.tensor([[1.0, 1.0]])})
        # scores 2 -2, 3 -1; with 3 added above the diagonal 2 1, 3 -1; divided by 4 and 2 (each column's largest
        # magnitude, plus 1), where rows would be divided by 3 and 4; values 2 5.
        x = torch.tensor([[[2.0, 0.0], [3.0, 2.0]]])
        did = "ran a head with softmax_dim=1 and stand-ins for its scores, mask and probabilities"
        expected = torch.tensor([[[0.5 * 2 + 0.5 * 5], [0.75 * 2 - 0.5 * 5]]])
        expect_close(head(x), expected, did)

    compose(submission, own=own, doubled=doubled, replaced=["attention_scores", "causal_mask", "attention_probs"])
