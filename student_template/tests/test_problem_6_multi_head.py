"""Problem 6: one head, several heads side by side, and the block and the model that they make up."""

from __future__ import annotations

from typing import Any

import torch

from support.checking import Submission, covers, expect, expect_close, expect_tensor, hint, number, requires, weight
from support.compose import compose
from support.random_inputs import random_values
from support.reports import input_gradients, parameter_gradients, parameter_shapes

INSIDE_A_HEAD = ["attention_scores", "causal_mask", "attention_probs"]


@number("6.1")
@weight(2)
@covers("Head")
@requires("attention_scores", "causal_mask", "attention_probs")
@hint("Head.forward: which of the three projections is weighed in the last step, and by what?")
def test_a_head_that_prefers_nothing_averages_the_values_so_far(submission: Submission) -> None:
    """With all queries zero, a head returns at each position the mean of the values up to there."""

    def own() -> None:
        head = submission.attention.Head(4, 1, 5)
        weights = {"query.weight": torch.zeros(1, 4), "key.weight": torch.ones(1, 4)}
        values = {"value.weight": torch.tensor([[1.0, 0.0, 0.0, 0.0]])}
        submission.probes.set_parameters(head, weights | values)
        x = torch.tensor(
            [
                [[6.0, 1.0, 2.0, 0.0], [0.0, 3.0, 1.0, 5.0], [3.0, 2.0, 2.0, 1.0]],
                [[2.0, 4.0, 0.0, 1.0], [4.0, 0.0, 2.0, 2.0], [6.0, 1.0, 5.0, 3.0]],
            ]
        )
        expected = torch.tensor([[[6.0], [3.0], [3.0]], [[2.0], [3.0], [4.0]]])
        expect_close(head(x), expected, "ran a head with zero queries on two sequences of three positions")

    compose(submission, own=own, doubled=lambda: _head_of_stand_ins(submission), replaced=INSIDE_A_HEAD)


@number("6.2")
@weight(2)
@covers("Head")
@requires("attention_scores", "causal_mask", "attention_probs")
@hint("Head.forward: a position asks with its query, the others answer to it with their keys.")
def test_a_head_fetches_the_value_whose_key_fits_the_query(submission: Submission) -> None:
    """Each position gets the value of the one earlier position whose key points the way of its query."""

    def own() -> None:
        head = submission.attention.Head(3, 2, 4)
        weights = {  # one column for each of the features a, b, c
            "query.weight": torch.tensor([[0.0, 60.0, 0.0], [60.0, 0.0, 60.0]]),
            "key.weight": torch.tensor([[60.0, 0.0, 0.0], [0.0, 60.0, 0.0]]),
            "value.weight": torch.tensor([[1.0, 3.0, 7.0], [2.0, 4.0, 9.0]]),
        }
        submission.probes.set_parameters(head, weights)
        x = torch.eye(3).unsqueeze(0)  # a at position 0, b at 1, c at 2
        expected = torch.tensor([[[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]])
        expect_close(head(x), expected, "ran a head in which b looks for a, and c looks for b, on the sequence a b c")

    compose(submission, own=own, doubled=lambda: _head_of_stand_ins(submission), replaced=INSIDE_A_HEAD)


@number("6.3")
@weight(2)
@covers("MultiHeadAttention")
@requires("Head")
@hint("MultiHeadAttention.forward: along which dimension, and in which order, do the heads' results stand?")
def test_the_heads_results_stand_side_by_side_in_order(submission: Submission) -> None:
    """Head 0 makes the first numbers of each position, head 1 the next ones, and so on."""

    def run(expected: list[float]) -> None:
        attention = submission.attention.MultiHeadAttention(6, 3, 7)
        _make_heads_constant(submission, attention, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        plain = {"proj.weight": torch.eye(6), "proj.bias": torch.zeros(6)}
        submission.probes.set_parameters(attention, plain)
        did = "ran three heads of size 2, each with values of its own, and a projection that changes nothing"
        expect_close(attention(torch.ones(5, 4, 6)), torch.tensor(expected).expand(5, 4, 6), did)

    compose(
        submission,
        own=lambda: run([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        doubled=lambda: run([1.5, 2.0, 2.5, 3.0, 3.5, 4.0]),
        replaced=["Head"],
    )


@number("6.4")
@covers("MultiHeadAttention")
@requires("Head")
@hint("MultiHeadAttention.forward: the last of the seven steps is a linear layer that __init__ has made.")
def test_the_last_step_is_the_projection(submission: Submission) -> None:
    """The heads' results go through `proj`, with its weight and its bias."""

    def run(result_of_each_head: float) -> None:
        attention = submission.attention.MultiHeadAttention(4, 2, 3)
        _make_heads_constant(submission, attention, [[1.0, 1.0], [1.0, 1.0]])
        matrix = torch.tensor(
            [[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, -1.0, 2.0], [0.0, -5.0, 0.0, 0.0]]
        )
        sums, bias = torch.tensor([10.0, 0.0, 2.0, -5.0]), torch.tensor([0.0, 7.0, 0.5, 1.0])
        submission.probes.set_parameters(attention, {"proj.weight": matrix, "proj.bias": bias})
        did = "ran two heads that return the same number everywhere, and a projection with a weight and a bias"
        expect_close(attention(torch.ones(1, 3, 4)), (sums * result_of_each_head + bias).expand(1, 3, 4), did)

    compose(submission, own=lambda: run(1.0), doubled=lambda: run(1.5), replaced=["Head"])


@number("6.5")
@covers("FeedForward")
@hint("FeedForward.forward: two linear layers, and something between them that is not linear.")
def test_the_feed_forward_layer_can_bend(submission: Submission) -> None:
    """With the right weights, `expand`, ReLU and `contract` make the absolute value; both biases count."""
    feed_forward = submission.model.FeedForward(2)
    expand, contract = torch.zeros(8, 2), torch.zeros(2, 8)
    expand[0, 0] = expand[2, 1] = 1.0
    expand[1, 0] = expand[3, 1] = -1.0
    contract[0, 0:2] = contract[1, 2:4] = 1.0
    contract[0, 7] = 2.0
    biases = {"expand.bias": torch.tensor([0.0] * 7 + [3.0]), "contract.bias": torch.tensor([0.0, -1.5])}
    weights = {"expand.weight": expand, "contract.weight": contract}
    submission.probes.set_parameters(feed_forward, weights | biases)
    x = torch.tensor([[[2.0, -3.0], [-1.0, 4.0], [0.0, -0.5]]])
    expected = torch.tensor([[[8.0, 1.5], [7.0, 2.5], [6.0, -1.0]]])
    expect_close(feed_forward(x), expected, "ran a feed-forward layer whose weights make the absolute value")


@number("6.6")
@weight(2)
@covers("Block")
@requires("MultiHeadAttention", "FeedForward")
@hint("Block.forward: what does `attention` read, and to what is its result added?")
def test_a_block_adds_what_attention_makes_of_the_normalised_input(submission: Submission) -> None:
    """Attention reads x through `attention_norm`, and its result is added to x itself."""
    x = torch.tensor([[[1.0, 5.0, -2.0, 0.0], [3.0, 3.0, 9.0, -4.0], [0.0, 2.0, 8.0, 1.0]]])
    # With weight 0, a norm returns its bias, whatever it reads.
    norms = {"attention_norm.weight": torch.zeros(4), "attention_norm.bias": torch.full((4,), 2.0)}
    did = "ran a block whose attention_norm returns the same vector for every input"

    def own() -> None:
        block = submission.model.Block(4, 2, 5)
        _make_heads_constant(submission, block.attention, [[0.5, 0.5], [0.5, 0.5]])
        plain = {"attention.proj.weight": torch.eye(4), "attention.proj.bias": torch.zeros(4)}
        no_feed_forward = {"feed_forward.contract.weight": torch.zeros(4, 16)}
        no_feed_forward["feed_forward.contract.bias"] = torch.zeros(4)
        submission.probes.set_parameters(block, norms | plain | no_feed_forward)
        expect_close(block(x.clone()), x + 1.0, did)

    def doubled() -> None:
        block = submission.model.Block(4, 2, 5)
        no_feed_forward = {"feed_forward_norm.weight": torch.zeros(4), "feed_forward_norm.bias": torch.ones(4)}
        submission.probes.set_parameters(block, norms | no_feed_forward)
        expect_close(block(x.clone()), x + torch.tensor([2.0, 4.0, 6.0]).view(1, 3, 1), did)

    compose(submission, own=own, doubled=doubled, replaced=["MultiHeadAttention", "FeedForward"])


@number("6.7")
@weight(2)
@covers("Block")
@requires("MultiHeadAttention", "FeedForward")
@hint("Block.forward: the feed-forward layer comes second. What does it read, and to what is its result added?")
def test_a_block_adds_what_feed_forward_makes_of_that_sum(submission: Submission) -> None:
    """Feed-forward reads the sum so far through `feed_forward_norm`, and its result is added to that sum."""
    step = torch.tensor([3.0, -3.0, 3.0, -3.0])
    did = "ran a block whose attention adds the same known vector to every input"

    def own() -> None:
        block = submission.model.Block(4, 2, 5)
        attention = {"attention.proj.weight": torch.zeros(4, 4), "attention.proj.bias": step}
        expand = {"feed_forward.expand.weight": torch.eye(16)[:, :4], "feed_forward.expand.bias": torch.zeros(16)}
        contract = {
            "feed_forward.contract.weight": 10 * torch.eye(16)[:4],
            "feed_forward.contract.bias": torch.zeros(4),
        }
        submission.probes.set_parameters(block, attention | expand | contract)
        # After attention: 1 -1 1 -1, then 3 -3 3 -3; normalised, both are 1 -1 1 -1.
        x = torch.tensor([[[-2.0, 2.0, -2.0, 2.0], [0.0, 0.0, 0.0, 0.0]]])
        expected = torch.tensor([[[11.0, -1.0, 11.0, -1.0], [13.0, -3.0, 13.0, -3.0]]])
        expect_close(block(x), expected, did)

    def doubled() -> None:
        block = submission.model.Block(4, 2, 5)
        norms = {"attention_norm.weight": torch.zeros(4), "attention_norm.bias": step}
        norms["feed_forward_norm.bias"] = torch.ones(4)
        submission.probes.set_parameters(block, norms)
        x = torch.tensor([[[-2.0, 2.0, -2.0, 2.0], [0.0, 0.0, 0.0, 0.0]]])
        # After the stand-in for attention: 1 -1 1 -1, then 6 -6 6 -6; normalised, and with the bias: 2 0 2 0.
        expected = torch.tensor([[[4.0, -2.0, 4.0, -2.0], [9.0, -7.0, 9.0, -7.0]]])
        expect_close(block(x), expected, did)

    compose(submission, own=own, doubled=doubled, replaced=["MultiHeadAttention", "FeedForward"])


@number("6.8")
@weight(2)
@covers("positions")
@hint("TransformerLM.forward: what describes a token is its own embedding plus that of the place where it stands.")
def test_a_model_tells_positions_apart(submission: Submission) -> None:
    """The model sees the sum of a token's embedding and its position's, where the first position is 0."""
    sizes = {"vocab_size": 5, "ctx_size": 4, "embed_size": 3, "num_heads": 1, "num_blocks": 0}
    model = submission.model.TransformerLM(submission.model.ModelConfig(**sizes))
    at_1, at_2 = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-1.0, 0.0, 3.0])
    token = torch.tensor([1.0, 2.0, -1.5])
    weights = {
        # Tokens 3 and 4 are what token 0 should look like at the positions 1 and 2; nothing is added at position 0.
        "token_embedding.weight": torch.stack([token, 3 * at_1, at_2 - at_1, token + at_1, token + at_2]),
        "position_embedding.weight": torch.stack([torch.zeros(3), at_1, at_2, 7 * at_2]),
    }
    submission.probes.set_parameters(model, weights)
    for before, same in (([2], 3), ([2, 1], 4)):
        did = f"compared token 0 at position {len(before)} with a token at position 0 whose embedding is that sum"
        found, expected = (_last_scores(model, tokens, did) for tokens in ([*before, 0], [same]))
        expect_close(found, expected, did)


@number("6.18")
@covers("Block")
@requires("MultiHeadAttention", "FeedForward")
@hint("Block.forward: what is detached, or computed under no_grad, teaches nothing to the layers before it.")
def test_every_parameter_of_a_block_can_learn(submission: Submission, rng: torch.Generator) -> None:
    """The result of a block has a gradient with respect to each of its parameters, and to its input."""

    def check() -> None:
        block = submission.model.Block(8, 2, 5)
        submission.probes.set_parameters(block, random_values(parameter_shapes(submission, block), rng))
        x, cotangent = torch.randn(2, 3, 4, 8, generator=rng)
        did = "ran a block with random weights and followed its result back"
        found = parameter_gradients(submission, block, x, cotangent)
        still = sorted(name for name, gradient in found.items() if not bool((gradient != 0).any()))
        expect(not still, did, "a gradient for each parameter", f"none for {', '.join(still[:4])}")
        (gradient,) = input_gradients(submission, block, cotangent, x)
        expect(bool((gradient != 0).any()), did, "a gradient for x", "none")

    compose(submission, own=check, doubled=check, replaced=["MultiHeadAttention", "FeedForward"])


def _last_scores(model: Any, tokens: list[int], did: str) -> torch.Tensor:
    """The 5 logits at the last position, whatever there is at the others, and in whatever dimensions they come."""
    logits = expect_tensor(model(torch.tensor([tokens])), did)
    is_of_5 = logits.ndim > 0 and logits.shape[-1] == 5 and logits.numel() > 0
    expect(is_of_5, did, "logits [B, T, V]", f"a shape of {list(logits.shape)}")
    expect(bool(logits.isfinite().all()), did, "numbers", "NaN or infinity")
    return logits.reshape(-1, 5)[-1]


def _make_heads_constant(submission: Submission, attention: Any, results: list[list[float]]) -> None:
    """Let head k make of equal features v, at every position, the vector results[k] * v.

    Whatever the probabilities are, as long as they sum to 1: the values of all positions are the same.
    """
    size = len(results) * len(results[0])
    for k, result in enumerate(results):
        value = torch.zeros(len(result), size)
        value[:, 0] = torch.tensor(result)
        submission.probes.set_parameters(attention, {f"heads.{k}.value.weight": value})


def _head_of_stand_ins(submission: Submission) -> None:
    """Run a head on stand-ins for its three parts; the expected numbers were worked out on paper with them."""
    head = submission.attention.Head(3, 2, 4)
    weights = {
        "query.weight": torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        "key.weight": torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
        "value.weight": torch.tensor([[1.0, 0.0, 1.0], [2.0, 0.0, 0.0]]),
    }
    submission.probes.set_parameters(head, weights)
    x = torch.tensor([[[1.0, 0.0, 2.0], [3.0, 2.0, -1.0]]])
    # scores -3 -1, 1 3; with 3 added above the diagonal -3 2, 1 3; probabilities -3/4 2/4, 1/4 3/4;
    # values 3 2, 2 6.
    expected = torch.tensor([[[-1.25, 1.5], [2.25, 5.0]]])
    expect_close(head(x), expected, "ran a head with stand-ins for its scores, mask and probabilities")
