"""The reference does what its docstrings say: the grounds on which submissions are compared with it."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from autograder.paths import REFERENCE
from reference.charlm import experiments
from reference.charlm.attention import Head, attention_probs, attention_scores, causal_mask
from reference.charlm.data import get_batch, split
from reference.charlm.model import ModelConfig, TransformerLM
from reference.charlm.tokenizer import decode, encode, get_vocab
from reference.charlm.training import History, TrainConfig, estimate_loss, loss_fn, train

TEXT = "Arise, fair sun, and kill the envious moon,\nWho is already sick and pale with grief.\n" * 60
VOCAB = get_vocab(TEXT)
CONFIG = ModelConfig(vocab_size=len(VOCAB), ctx_size=8, embed_size=12, num_heads=3, num_blocks=2)
TRAINING = TrainConfig(batch_size=8, ctx_size=8, num_steps=25, learning_rate=1e-2, eval_interval=10, eval_batches=2)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def a_batch(generator: torch.Generator | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    return get_batch(encode(TEXT, VOCAB), 5, 7, "cpu", generator)


def test_text_survives_the_round_trip() -> None:
    text = "“Ça va?” 🎭\n\t\0"
    vocab = get_vocab(text)
    assert vocab == sorted(vocab)
    tokens = encode(text, vocab)
    assert tokens.dtype == torch.int64
    assert decode(tokens, vocab) == decode(tokens.tolist(), vocab) == text


def test_an_empty_text_has_no_tokens() -> None:
    assert get_vocab("") == []
    assert encode("", VOCAB).dtype == torch.int64
    assert encode("", VOCAB).shape == (0,)
    assert decode([], VOCAB) == ""


def test_an_unknown_character_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'€'"):
        encode("a€", VOCAB)


def test_split_keeps_every_token_in_order() -> None:
    train_tokens, test_tokens = split(torch.arange(11), 0.8)
    assert train_tokens.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert test_tokens.tolist() == [8, 9, 10]


def test_batches_are_reproducible_and_shifted_by_one() -> None:
    X, y = a_batch(torch.Generator().manual_seed(1))
    again, _ = a_batch(torch.Generator().manual_seed(1))
    assert X.shape == y.shape == (5, 7)
    assert X.dtype == y.dtype == torch.int64
    assert torch.equal(X[:, 1:], y[:, :-1])
    assert torch.equal(X, again)


def test_every_start_is_reachable() -> None:
    X, y = get_batch(torch.arange(6), 200, 4, "cpu")
    assert set(X[:, 0].tolist()) == {0, 1}
    assert set(y[:, -1].tolist()) == {4, 5}


def test_attention_looks_back_only() -> None:
    scores = attention_scores(torch.randn(2, 4, 3), torch.randn(2, 4, 3))
    probs = attention_probs(causal_mask(scores, torch.tril(torch.ones(6, 6))))
    assert probs.triu(1).count_nonzero() == 0
    torch.testing.assert_close(probs.sum(dim=-1), torch.ones(2, 4))


def test_the_mask_is_a_buffer() -> None:
    assert [name for name, _ in Head(6, 2, 5).named_buffers()] == ["tril"]


def test_a_new_model_knows_nothing() -> None:
    X, y = a_batch()
    logits = TransformerLM(CONFIG)(X)
    assert logits.shape == (5, 7, len(VOCAB))
    loss = loss_fn(logits, y)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(math.log(len(VOCAB)), abs=0.5)


@pytest.mark.parametrize("training", [True, False])
def test_generate_continues_a_prompt_longer_than_the_window(training: bool) -> None:
    model = TransformerLM(CONFIG).train(training)
    prompt = encode(TEXT[:20], VOCAB).repeat(2, 1)
    out = model.generate(prompt, 4, torch.Generator().manual_seed(3))
    assert out.shape == (2, 24)
    assert out.dtype == torch.int64
    assert torch.equal(out[:, :20], prompt)
    assert torch.equal(out, model.generate(prompt, 4, torch.Generator().manual_seed(3)))
    assert torch.equal(model.generate(prompt, 0), prompt)
    assert model.training is training
    assert not out.requires_grad


@pytest.mark.parametrize("softmax_dim", [-1, 1])
def test_training_learns_and_records(softmax_dim: int, capfd: pytest.CaptureFixture[str]) -> None:
    tokens = encode(TEXT, VOCAB)
    model = TransformerLM(ModelConfig(len(VOCAB), 8, 12, 3, 2, softmax_dim))
    history = train(model, *split(tokens, 0.9), TRAINING, "cpu")
    assert history.steps == [0, 10, 20, 25]
    assert len(history.train_loss) == len(history.test_loss) == 4
    assert all(type(loss) is float for loss in history.train_loss + history.test_loss)
    assert history.test_loss[-1] < history.test_loss[0] - 0.3
    assert estimate_loss(model, tokens, TRAINING, "cpu") < history.test_loss[0] - 0.3
    assert model.training
    assert capfd.readouterr() == ("", ""), "the progress bar must be silent where the output is not a terminal"


def test_training_for_no_steps_records_the_start() -> None:
    tokens = encode(TEXT, VOCAB)
    none = TrainConfig(batch_size=2, ctx_size=8, num_steps=0, learning_rate=1.0, eval_interval=5, eval_batches=1)
    history = train(TransformerLM(CONFIG), tokens, tokens, none, "cpu")
    assert history.steps == [0]
    assert History() == History([], [], [])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The command line of an experiment that takes no time."""
    for name, value in {"CTX_SIZE": 8, "EMBED_SIZE": 8, "BATCH_SIZE": 4, "EVAL_BATCHES": 1, "SAMPLE_SIZE": 30}.items():
        monkeypatch.setattr(experiments, name, value)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    return ["--data", str(tmp_path / "text.txt"), "--runs", str(tmp_path / "runs"), "--steps", "12", "--device", "cpu"]


def test_an_experiment_leaves_losses_a_picture_and_a_sample(
    small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiments.main(small)
    run = json.loads((tmp_path / "runs/softmax_dim_-1.json").read_text(encoding="utf-8"))
    assert run["steps"] == [0, 10, 12]
    assert len(run["sample"]) == 31
    assert run["sample"] in capsys.readouterr().out
    alone = (tmp_path / "runs/softmax_dim_-1.png").read_bytes()
    assert alone.startswith(b"\x89PNG")

    experiments.main([*small, "--softmax-dim", "1", "--name", "other"])
    assert json.loads((tmp_path / "runs/other.json").read_text(encoding="utf-8"))["softmax_dim"] == 1
    experiments.main(small)
    both = (tmp_path / "runs/softmax_dim_-1.png").read_bytes()
    assert both != alone, "the second picture shows the other variant too"


def test_the_same_seed_gives_the_same_run(small: list[str], tmp_path: Path) -> None:
    experiments.main([*small, "--seed", "5", "--name", "a"])
    experiments.main([*small, "--seed", "5", "--name", "b"])
    a, b = (json.loads((tmp_path / f"runs/{name}.json").read_text(encoding="utf-8")) for name in "ab")
    assert a | {"name": ""} == b | {"name": ""}


def test_the_command_says_which_text_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "charlm.experiments", "--data", str(tmp_path / "none.txt")]
    done = subprocess.run(command, cwd=REFERENCE, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 1
    assert done.stderr == f"There is no text at {tmp_path / 'none.txt'}. Name another file with --data PATH.\n"


def test_the_template_says_what_is_not_implemented(small: list[str]) -> None:
    from student_template.charlm import experiments as stubs

    with pytest.raises(SystemExit, match="not implemented yet: problem 1: get_vocab"):
        stubs.main(small)
