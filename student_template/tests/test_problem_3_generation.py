"""Problem 3: generating text. The model is made to answer with known scores, so what must follow is known too."""

from __future__ import annotations

from typing import Any

import torch

from support.chance import expect_frequencies, expect_rate
from support.checking import Submission, covers, expect, expect_dtype, expect_equal, expect_shape, hint, number, weight
from support.reports import Generated, generated, width

# After i comes i + 1, after 4 comes 0: any other token has a probability under 1e-16.
COUNTING = 40 * torch.eye(5).roll(1, dims=1)
COUNTS_UP = "with scores by which 1 follows 0, 2 follows 1, ..., and 0 follows 4"


def _generate(submission: Submission, table: torch.Tensor, tokens: object, count: int, **options: Any) -> Generated:
    """What `watch_generate` reports about a model with ctx_size 4, or another one in the options."""
    sizes = {"embed_size": 6, "num_heads": 2, "num_blocks": 1, "ctx_size": options.pop("ctx_size", 4)}
    model = submission.model.TransformerLM(submission.model.ModelConfig(vocab_size=len(table), **sizes))
    return generated(submission, model, table, torch.as_tensor(tokens), count, **options)


@number("3.1")
@weight(2)
@covers("generate")
@hint("The next token follows from the scores at the last position, and is itself part of what comes next.")
def test_each_new_token_follows_the_one_before(submission: Submission) -> None:
    """Each new token is drawn from the scores at the last position and then continued from."""
    seen = _generate(submission, COUNTING, [[1, 3, 2]], 6, ctx_size=12)
    expect_equal(seen.result, torch.tensor([[1, 3, 2, 3, 4, 0, 1, 2, 3]]), f"Continued 1 3 2 by 6, {COUNTS_UP}")


@number("3.2")
@covers("generate")
@hint("The result is the prompt and the new tokens in one tensor of integers, a row for each row.")
def test_result_has_the_prompt_and_the_new_tokens(submission: Submission) -> None:
    """The result is int64 [B, T + num_tokens], and each row begins with its prompt."""
    prompt = torch.tensor([[4, 0, 2], [1, 1, 3]])
    seen = _generate(submission, torch.zeros(5, 5), prompt, 5)
    result = expect_shape(seen.result, [2, 8], "Continued 2 prompts of 3 tokens by 5 tokens")
    expect_dtype(result, torch.int64, "Continued 2 prompts by 5 tokens")
    expect_equal(result[:, :3], prompt, "Continued 2 prompts of 3 tokens, looked at the first 3 columns", "the prompts")


@number("3.3")
@covers("generate")
@hint("Follow the code with num_tokens=0: what is there to return?")
def test_no_new_tokens_give_the_prompt(submission: Submission) -> None:
    """With `num_tokens=0` the result is the prompt and nothing else."""
    prompt = torch.tensor([[2, 0], [4, 4]])
    seen = _generate(submission, COUNTING, prompt, 0)
    expect_equal(seen.result, prompt, "Continued 2 prompts by 0 tokens", "the prompts")


@number("3.4")
@covers("generate")
@hint("Print what the model is given at each step: how many tokens are there, and is each the one that was drawn last?")
def test_model_is_shown_the_last_tokens_only(submission: Submission) -> None:
    """For each token the model is shown what is there so far, and of that no more than the last `ctx_size` tokens."""
    seen = _generate(submission, COUNTING, [[3, 1]], 5, ctx_size=4)
    windows = [[3, 1], [3, 1, 2], [3, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 0]]
    shown = [window.flatten().tolist() for window in seen.shown[:5] if width(window) == window.numel() <= 20]
    did = f"Continued 3 1 by 5 tokens with ctx_size 4, {COUNTS_UP}"
    values = f"expected {windows}, got {shown}"
    expect(shown == windows, did, "the model to be shown one window for each new token", "other windows", values=values)


@number("3.5")
@covers("generate")
@hint("A window is for the model to look at; the text that has been cut off from it is still part of the result.")
def test_prompt_may_be_longer_than_the_window(submission: Submission) -> None:
    """A prompt that is longer than `ctx_size` is kept whole, while the model is shown its end."""
    prompt = [4, 4, 3, 0, 2, 1, 0]
    seen = _generate(submission, COUNTING, [prompt], 2, ctx_size=3)
    did = f"Continued a prompt of 7 tokens with ctx_size 3 by 2, {COUNTS_UP}"
    expect_equal(seen.result, torch.tensor([[*prompt, 1, 2]]), did)
    longest = max(map(width, seen.shown), default=0)
    expect(longest == 3, did, "windows of 3 tokens", f"one of {longest}")


@number("3.6")
@weight(3)
@covers("generate")
@hint("The likeliest character is not always the one that comes: draw at random, with the softmax's probabilities.")
def test_tokens_are_sampled_from_the_softmax(submission: Submission) -> None:
    """New tokens come with the probabilities that a softmax makes of the scores."""
    # 2000 rows by 10 tokens: by Hoeffding's bound each share is within 0.024 of its probability.
    chances = torch.tensor([0.4, 0.3, 0.2, 0.1])
    scores = (chances.log() + 3).expand(4, 4)
    seen = _generate(submission, scores, torch.zeros(2000, 1, dtype=torch.int64), 10, seed=3)
    did = "Continued 2000 prompts by 10 tokens, with scores that mean the probabilities 0.4, 0.3, 0.2 and 0.1"
    result = expect_dtype(expect_shape(seen.result, [2000, 11], did), torch.int64, did)
    expect_frequencies(result[:, 1:], chances, did, "tokens about as frequent as that")


@number("3.7")
@covers("generate")
@hint("Is there a random draw at all? Each has to be told which generator to draw from.")
def test_generator_decides_the_result(submission: Submission) -> None:
    """The same generator state gives the same tokens, whatever else is random; another state gives others."""
    # 40 tokens out of 5 come out alike by chance with probability 5**-40.
    prompt = [[0], [1]] * 4
    first, again, other = (
        _generate(submission, torch.zeros(5, 5), prompt, 5, seed=seed, global_seed=noise).result
        for seed, noise in ((1, 7), (1, 8), (2, 8))
    )
    first = expect_shape(first, [8, 6], "Generated 5 tokens")
    expect_equal(again, first, "Generated twice from one generator state", "the same tokens both times")
    differs = not torch.equal(expect_shape(other, [8, 6], "Generated 5 tokens"), first)
    expect(differs, "Generated from two different generator states", "different tokens", "the same tokens")


@number("3.8")
@covers("generate")
@hint("Each row needs a draw of its own.")
def test_rows_are_continued_independently(submission: Submission) -> None:
    """Two rows with the same prompt go their own ways."""
    # Two fair draws out of 4 agree in a quarter of the cases; 300 times gives 75, by Hoeffding within 57.
    seen = _generate(submission, torch.zeros(4, 4), [[0]] * 20, 30, seed=5)
    did = "Continued the same prompt in 20 rows by 30 tokens, with 4 tokens that are equally likely"
    rows = expect_shape(seen.result, [20, 31], did)[:, 1:]
    expect_rate(int((rows[0::2] == rows[1::2]).sum()), 300, 0.25, did, "rows that agree with the next by chance only")


@number("3.9")
@covers("generate")
@hint("Remember the mode that the model was in, and put that back; the modules inside it have a mode too.")
def test_generating_restores_the_mode(submission: Submission) -> None:
    """The model and all modules in it are in the same mode, training or evaluation, after generating as before."""
    for mode, name, count in ((True, "training", 2), (False, "evaluation", 2), (True, "training", 0)):
        seen = _generate(submission, COUNTING, [[0, 1]], count, training=mode)
        other = sum(found is not mode for found in seen.modes)
        did = f"Generated {count} tokens with a model in {name} mode"
        expect(other == 0, did, f"every module in {name} mode afterwards", f"{other} in the other mode")


@number("3.10")
@covers("generate")
@hint("PyTorch has a context manager, and a decorator, for computing without gradients.")
def test_generating_records_no_gradient(submission: Submission) -> None:
    """While text is generated, no gradient is recorded; afterwards PyTorch records gradients again."""
    seen = _generate(submission, COUNTING, [[0, 1]], 2)
    did = "Generated 2 tokens and looked at the scores that the model computed"
    expect(len(seen.shown) > 0, did, "that the model is called", "no call")
    expect(seen.recorded is False, did, "scores without a gradient", "scores that record one")
    did = "Generated 2 tokens and looked at PyTorch's setting afterwards"
    expect(seen.records is True, did, "gradients to be recorded as before", "that this is switched off")


@number("3.11")
@covers("generate")
@hint("The tensor that is passed in belongs to the caller.")
def test_generating_leaves_the_prompt_alone(submission: Submission) -> None:
    """The tensor that holds the prompt is the same after generating as before."""
    prompt = torch.tensor([[0, 3, 1, 4, 2, 2]])
    seen = _generate(submission, COUNTING, prompt, 3)
    expect_equal(seen.prompt, prompt, "Generated 3 tokens and looked at the prompt's tensor", "the prompt")
