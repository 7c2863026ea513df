"""Problem 7: comparing every query with every key by one matrix product."""

from __future__ import annotations

import torch

from support.checking import (
    Submission,
    covers,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    hint,
    number,
    weight,
)
from support.reports import inputs_after


@number("7.1")
@weight(2)
@covers("attention_scores")
@hint("attention_scores: each entry is the dot product of two vectors of head_size numbers, times head_size**-0.5.")
def test_a_score_is_a_scaled_dot_product(submission: Submission) -> None:
    """Two queries and two keys of size 4 give the four scores that one gets on paper."""
    q = torch.tensor([[[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, -1.0, 2.0]]])
    k = torch.tensor([[[2.0, 1.0, 5.0, 0.0], [4.0, -1.0, 3.0, 2.0]]])
    expected = torch.tensor([[[2.0, 2.0], [-2.0, 0.0]]])
    expect_close(submission.attention.attention_scores(q, k), expected, "compared two queries with two keys of size 4")


@number("7.2")
@covers("attention_scores")
@hint("attention_scores: which two dimensions of k must change places, and which one must stay?")
def test_the_scores_have_shape_B_T_T(submission: Submission) -> None:
    """For q and k of shape [B, T, H] the scores have shape [B, T, T], however B, T and H differ."""
    for B, T, H in [(2, 3, 5), (5, 2, 3), (1, 4, 2), (3, 1, 6), (4, 7, 1)]:
        scores = submission.attention.attention_scores(torch.ones(B, T, H), torch.ones(B, T, H))
        expect_shape(scores, (B, T, T), f"compared queries with keys, both of shape [{B}, {T}, {H}]")


@number("7.3")
@weight(2)
@covers("attention_scores")
@hint("attention_scores: which size is the scale made of, and which dimension of q has that size?")
def test_the_scale_comes_from_the_head_size(submission: Submission) -> None:
    """The scale depends on head_size alone: not on the batch and not on the number of positions."""
    for B, T, H, score in [(1, 1, 4, 2.0), (2, 3, 16, 4.0), (9, 4, 1, 1.0), (4, 5, 25, 5.0), (3, 36, 9, 3.0)]:
        scores = submission.attention.attention_scores(torch.ones(B, T, H), torch.ones(B, T, H))
        did = f"compared queries with keys that are all ones, of shape [{B}, {T}, {H}]"
        expect_close(scores, torch.full((B, T, T), score), did)


@number("7.4")
@covers("attention_scores")
@hint("attention_scores: in row i of the result stands what query i finds; q comes first, and k is the one to turn.")
def test_queries_make_rows_and_keys_make_columns(submission: Submission) -> None:
    """A query of zeros leaves a row of zeros, a key of zeros leaves a column of zeros."""
    for argument in ("query", "key"):
        ones, zero_at_1 = torch.ones(1, 3, 2), torch.ones(1, 3, 2)
        zero_at_1[0, 1] = 0.0
        q, k = (zero_at_1, ones) if argument == "query" else (ones, zero_at_1)
        did = f"compared three queries with three keys, where {argument} 1 is zero, and looked for zeros"
        scores = expect_shape(submission.attention.attention_scores(q, k), (1, 3, 3), did)
        whole, holed = [True, True, True], [True, False, True]
        nonzero = [whole, [False] * 3, whole] if argument == "query" else [holed] * 3
        expected = f"zeros in {'row' if argument == 'query' else 'column'} 1 only"
        expect_equal((scores[0] != 0).tolist(), nonzero, did, expected)


@number("7.5")
@covers("attention_scores")
@hint("attention_scores: a matrix product of tensors [B, ..] works on each of the B sequences by itself.")
def test_a_query_meets_the_keys_of_its_own_sequence_only(submission: Submission) -> None:
    """Other keys in one sequence change the scores of that sequence, and of no other one."""
    ones, other = torch.ones(3, 2, 4), torch.ones(3, 2, 4)
    other[1] = 5.0
    before, after = (
        expect_shape(
            submission.attention.attention_scores(ones.clone(), keys.clone()), (3, 2, 2), "compared three sequences"
        )
        for keys in (ones, other)
    )
    changed = [b for b in range(3) if not torch.equal(before[b], after[b])]
    expect(
        changed == [1],
        "changed the keys of sequence 1 of 0, 1, 2",
        "other scores in sequence 1 only",
        f"other scores in {changed or 'none of them'}",
    )


@number("7.6")
@covers("attention_scores")
@hint("attention_scores: operations whose name ends in _, and those like `*=`, write into the tensor they are given.")
def test_queries_and_keys_are_left_as_they_were(submission: Submission) -> None:
    """Computing scores changes neither q nor k."""
    q, k = torch.arange(12.0).view(1, 3, 4), torch.arange(12.0, 24.0).view(1, 3, 4)
    seen = inputs_after(submission, submission.attention.attention_scores, q.clone(), k.clone())
    for name, before, after in zip("qk", (q, k), seen, strict=True):
        expect_close(after, before, f"looked at {name} after the call", "the values that it had before")
