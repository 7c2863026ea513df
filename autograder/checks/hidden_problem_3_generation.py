"""Problem 3, hidden: other scores, other windows, and a real model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from support.chance import expect_frequencies, expect_rate, margin, mean_off
from support.checking import (
    CheckFailure,
    Submission,
    covers,
    expect,
    expect_dtype,
    expect_equal,
    expect_finite,
    expect_shape,
    hint,
    number,
    requires,
    weight,
)
from support.reports import generated


def _model(submission: Submission, vocab_size: int, ctx_size: int, num_blocks: int = 1) -> Any:
    """Of one block where its scores are given anyway."""
    sizes = {"embed_size": 8, "num_heads": 2, "num_blocks": num_blocks}
    return submission.model.TransformerLM(
        submission.model.ModelConfig(vocab_size=vocab_size, ctx_size=ctx_size, **sizes)
    )


def _seed(rng: torch.Generator) -> int:
    return int(torch.randint(2**31, (), generator=rng))


def _successors(rng: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
    """A random permutation, and scores by which i is followed by its image and by nothing else."""
    following = torch.randperm(size, generator=rng)
    return following, 40 * torch.eye(size)[following]


@number("3.12")
@covers("generate")
@hint("Try one row, many rows, one token, and a context of one token.")
def test_rows_of_any_shape_are_continued(submission: Submission, rng: torch.Generator) -> None:
    """For any number of rows, length of prompt and size of the window, each row goes on from its own last token."""
    for rows, length, ctx_size, count in ((1, 1, 1, 5), (4, 3, 5, 7), (6, 9, 2, 3), (3, 4, 4, 1)):
        following, scores = _successors(rng, 11)
        prompt = torch.randint(11, (rows, length), generator=rng)
        expected = prompt
        for _ in range(count):
            expected = torch.cat([expected, following[expected[:, -1:]]], dim=1)
        model = _model(submission, 11, ctx_size)
        seen = generated(submission, model, scores, prompt, count, _seed(rng))
        expect_equal(seen.result, expected, "Continued rows with scores that leave one choice for each token")


@number("3.13")
@covers("generate")
@hint("Compare what the model is shown with tokens[:, -ctx_size:] at every step.")
def test_every_window_is_the_end_of_the_text(submission: Submission, rng: torch.Generator) -> None:
    """At every step the model is shown the last `ctx_size` tokens so far, all of them while there are fewer."""
    for length, ctx_size, count in ((1, 6, 9), (8, 3, 4), (5, 5, 3), (2, 1, 3)):
        prompt = torch.randint(9, (1, length), generator=rng)
        model = _model(submission, 9, ctx_size)
        seen = generated(submission, model, torch.zeros(9, 9), prompt, count, _seed(rng))
        did = "Generated one row and looked at what the model was shown at each step"
        text = expect_shape(seen.result, [1, length + count], did)
        expect(len(seen.shown) >= count, did, "a window for each new token", f"{len(seen.shown)} for {count}")
        for step, window in enumerate(seen.shown[:count]):
            end = length + step
            expect_equal(window, text[:, max(0, end - ctx_size) : end], did)


@number("3.14")
@weight(2)
@covers("generate")
@hint("Look at which row's scores, which position's scores and which probabilities each draw is made from.")
def test_sampling_follows_each_rows_scores(submission: Submission, rng: torch.Generator) -> None:
    """After every token, each token follows as often as the softmax of that row's scores says."""
    # A pair count less its conditional mean is a martingale whose steps have range 1, so by Azuma and Hoeffding
    # the bound of `margin` holds for it as for independent draws.
    scores = 1.5 * torch.randn(5, 5, generator=rng) - 4
    model, rows, count = _model(submission, 5, 3), 480, 20
    prompt = torch.randint(5, (rows, 2), generator=rng)
    seen = generated(submission, model, scores, prompt, count, _seed(rng))
    did = f"Generated {rows} rows of {count} tokens and counted which token follows which"
    result = expect_dtype(expect_shape(seen.result, [rows, 2 + count], did), torch.int64, did)
    expect(bool(((result >= 0) & (result < 5)).all()), did, "tokens of the vocabulary", "others")
    before, after = result[:, 1:-1].flatten(), result[:, 2:].flatten()
    pairs = torch.bincount(before * 5 + after, minlength=25).reshape(5, 5)
    wanted = pairs.sum(1, keepdim=True) * scores.softmax(-1)
    worst = float((pairs - wanted).abs().max())
    if worst > margin(rows * count, 25):
        raise CheckFailure(did, "the probabilities of the softmax", "frequencies that chance does not explain")


@number("3.15")
@covers("generate")
@hint("A generator that is set back, or made anew, repeats itself; so does a choice without any chance in it.")
def test_draws_do_not_repeat(submission: Submission, rng: torch.Generator) -> None:
    """Successive draws are independent: within a row, and between two calls with one generator."""
    did = "Generated 4 rows of 100 tokens, out of 4 that are equally likely"
    model = _model(submission, 4, 3)
    seen = generated(submission, model, torch.zeros(4, 4), torch.zeros(4, 1).long(), 100, _seed(rng))
    rows = expect_shape(seen.result, [4, 101], did)[:, 1:]
    agree = int((rows[:, 1:] == rows[:, :-1]).sum())
    expect_rate(agree, 4 * 99, 0.25, did, "neighbours that agree by chance only")
    generator = submission.probes.generator(_seed(rng))
    prompt = torch.zeros(8, 1, dtype=torch.int64)
    # `forward` is still the one that gives equal scores; 120 draws agree by chance with probability 4**-120.
    first, second = (
        expect_shape(model.generate(prompt, 15, generator=generator), [8, 16], "Generated 15 tokens") for _ in range(2)
    )
    for result in (first, second):
        expect(bool(((result >= 0) & (result < 4)).all()), "Generated 15 tokens out of 4", "these tokens", "others")
    differs = not torch.equal(first, second)
    expect(differs, "Generated twice with one generator, without setting it back", "other tokens", "the same tokens")


@number("3.16")
@covers("generate")
@hint("Without a generator, PyTorch's own random functions draw from the global one by themselves.")
def test_without_a_generator_the_global_one_decides(submission: Submission, rng: torch.Generator) -> None:
    """When no generator is given, `torch.manual_seed` decides the result."""
    prompt, seed = torch.zeros(8, 1, dtype=torch.int64), _seed(rng)
    first, again, other = (
        generated(submission, _model(submission, 6, 4), torch.zeros(6, 6), prompt, 8, None, global_seed=chosen).result
        for chosen in (seed, seed, seed + 1)
    )
    did = "Generated without a generator"
    first = expect_shape(first, [8, 9], did)
    expect_equal(again, first, f"{did}, twice after the same torch.manual_seed", "the same tokens both times")
    differs = not torch.equal(expect_shape(other, [8, 9], did), first)
    expect(differs, f"{did}, after two different seeds", "different tokens", "the same tokens")


@number("3.17")
@covers("generate")
@requires("TransformerLM")
@hint("Compare with the model's own scores for the end of the prompt.")
def test_real_model_samples_from_its_own_scores(submission: Submission, rng: torch.Generator) -> None:
    """A real model continues a long prompt with the probabilities that it gives to the end of that prompt."""
    model = _model(submission, 6, 5, num_blocks=2)
    # Sharp scores, so that another window or position gives clearly other ones.
    submission.probes.set_parameters(model, {"lm_head.weight": 2 * torch.randn(6, 8, generator=rng)})
    model.eval()
    did = "Continued each of 8 long prompts in 300 rows by one token"
    # Many prompts, not many rows: another window or position gives most of them, not all, other probabilities.
    prompts = torch.randint(6, (8, 13), generator=rng)
    # Its own probabilities, right or wrong: what they should be is checked elsewhere.
    logits = expect_finite(model(prompts[:, -5:]), [8, 5, 6], "Called a model with 8 rows of 5 tokens")
    generator = submission.probes.generator(_seed(rng))
    result = model.generate(prompts.repeat_interleave(300, 0), 1, generator=generator)
    following = expect_dtype(expect_shape(result, [2400, 14], did), torch.int64, did)[:, -1].view(8, 300)
    for drawn, probabilities in zip(following, logits[:, -1].softmax(-1), strict=True):
        expect_frequencies(drawn, probabilities, did, "the model's own probabilities")


@number("3.18")
@covers("generate")
@hint("Draw from all characters: the unlikely ones come seldom, but they come.")
def test_no_character_is_left_out(submission: Submission, rng: torch.Generator) -> None:
    """Of 66 characters with similar scores, the least likely are drawn too."""
    # Each has a probability of 0.0088 or more: one of 66 is missing from 4 000 draws with a probability of 1e-15.
    scores = torch.linspace(0, 1, 66)[torch.randperm(66, generator=rng)]
    prompt = torch.zeros(400, 1, dtype=torch.int64)
    model = _model(submission, 66, 2)
    seen = generated(submission, model, scores.expand(66, 66), prompt, 10, _seed(rng))
    did = "Drew 4 000 characters out of 66, the least likely at 0.9 %"
    drawn = expect_dtype(expect_shape(seen.result, [400, 11], did), torch.int64, did)[:, 1:]
    missing = 66 - len(set(drawn.flatten().tolist()))
    expect(missing == 0, did, "each of them at least once", f"{missing} that never came")


@number("3.19")
@covers("generate")
@hint("The scores go into the softmax as they are, and every character keeps the probability that comes out.")
def test_scores_are_neither_sharpened_nor_flattened(submission: Submission, rng: torch.Generator) -> None:
    """Likely characters are drawn exactly as often as the softmax says: no temperature, no cut, no rounding."""
    scores = torch.linspace(0, 4, 12)[torch.randperm(12, generator=rng)]
    prompt = torch.zeros(2000, 1, dtype=torch.int64)
    # What is added to all of them changes nothing, unless they are cut off somewhere.
    shown = (scores + 40).expand(12, 12)
    seen = generated(submission, _model(submission, 12, 2), shown, prompt, 10, _seed(rng))
    did = "Drew 20 000 characters and averaged their scores"
    drawn = expect_dtype(expect_shape(seen.result, [2000, 11], did), torch.int64, did)[:, 1:]
    expect(bool(((drawn >= 0) & (drawn < 12)).all()), did, "characters of the vocabulary", "others")
    off = mean_off(drawn, scores, scores.softmax(-1))
    expect(off <= 0, did, "the softmax's average", "a higher one: unlikely characters come too seldom")
    expect(off >= 0, did, "the softmax's average", "a lower one: unlikely characters come too often")
