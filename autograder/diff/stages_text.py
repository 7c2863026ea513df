"""The stages before the model: characters, tokens, the two texts, batches."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.diff import inputs
from autograder.diff.chance import how_often
from autograder.diff.stage import Stage, Values
from support.checking import Submission, SubmissionError, error_from, expect_shape
from support.reports import batches

TEXTS = {
    "a line": "But soft, what light through yonder window breaks?",
    "four lines": "ROMEO:\nIs the day so young?\nBENVOLIO:\nBut new struck nine.\n",
    "accents and others": "naïve Übermut, 東京, ça va 🙂",
    "accents as characters of their own": "cafe\u0301, A\u030a, \ufb01n",
    "tabs and line ends": "\tb\r\n a\n",
    "line ends of two characters only": "a\r\nb\r\n",
    "one character again and again": "aaa",
    "no text": "",
}
MANY = [chr(0x4E00 + place) for place in range(300)]  # more characters than a byte has values
DRAWS = 240  # of 9 pairs, that one is never drawn has probability 9 * (8/9)**240 < 1e-11
STARTS = 9  # places in a text that is several times as long as a row


def _vocabulary(side: Submission) -> Values:
    return {name: side.tokenizer.get_vocab(text) for name, text in TEXTS.items()}


def _tokens(side: Submission) -> Values:
    found = {name: side.tokenizer.encode(text, sorted(set(text))) for name, text in TEXTS.items()}
    line = TEXTS["a line"]
    return {
        **found,
        "one character": side.tokenizer.encode("b", ["a", "b"]),
        "a vocabulary in another order": side.tokenizer.encode(line, sorted(set(line), reverse=True)),
        f"a vocabulary of {len(MANY)}": side.tokenizer.encode(MANY[299] + MANY[256], MANY),
    }


def _unknown(side: Submission) -> Values:
    found: dict[str, Any] = {}
    few = ["a", "b"]
    # The code of "#" is a token of the larger vocabulary.
    for text, strange, vocab in (
        ("abz", "z", few),
        ("東京", "東", few),
        ("B ab", "B", few),
        ("a b", " ", few),
        ("#", "#", MANY),
    ):
        error, given = _tried(side, text, vocab)
        name = f"the text {text!r}"
        if error is None:
            found[f"{name}, raises"] = "nothing"
            found[f"{name}, gives"] = given
        else:
            raised = "ValueError" if "ValueError" in error.type_names else error.type_names[0]
            found[f"{name}, raises"] = raised
            found[f"{name}, the message names it"] = strange in error.message
    return found


def _tried(side: Submission, text: str, vocab: list[str]) -> tuple[SubmissionError | None, Any]:
    given: list[Any] = []
    error = error_from(lambda: given.append(side.tokenizer.encode(text, vocab)))
    return error, given[0] if given else None


def _text_again(side: Submission) -> Values:
    vocab = ["\n", " ", "a", "b", "c"]
    row = [1, 2, 3, 1, 4, 0, 0]
    return {
        "from a tensor": side.tokenizer.decode(torch.tensor(row[1:5]), vocab),
        "from a list": side.tokenizer.decode(row[1:5], vocab),
        "blanks at the ends": side.tokenizer.decode(torch.tensor(row), vocab),
        "from one token": side.tokenizer.decode(torch.tensor([2]), vocab),
        "from token 0": side.tokenizer.decode([0, 0], vocab),
        f"of a vocabulary of {len(MANY)}": side.tokenizer.decode(torch.tensor([299, 256]), MANY),
        "from no tokens": side.tokenizer.decode([], vocab),
        "a vocabulary in another order": side.tokenizer.decode(torch.tensor([0, 1, 2]), ["t", "g", "e"]),
    }


def _split(side: Submission) -> Values:
    found: dict[str, Any] = {}
    for n, fraction in ((11, 0.5), (11, 0.9), (11, 0.3), (100, 0.29), (400, 0.995), (5, 0.0), (5, 1.0), (7, 0.1)):
        parts = side.data.split(torch.arange(n), fraction)
        names = [f"{n} tokens, fraction {fraction}, {name}" for name in ("train", "test")]
        whole = isinstance(parts, (list, tuple)) and len(parts) == 2
        found |= dict(zip(names, parts, strict=True)) if whole else {names[0]: parts}
    return found


def _batch(side: Submission) -> Values:
    one_place = inputs.tokens("batch", 9, 5)
    found = batches(side, side.data.get_batch, one_place, 3, 4, 1, 1)
    single = batches(side, side.data.get_batch, torch.arange(2), 1, 1, 1, 1)
    many = batches(side, side.data.get_batch, torch.arange(40), 3, 5, 1, 2)
    X, y = _all_of(found.X), _all_of(found.y)
    X_many, y_many = _all_of(many.X), _all_of(many.y)
    steps = "on the text 0 1 2 …"
    return {
        "the only place there is, X": X[0],
        "the only place there is, y": y[0],
        "one row of one token, X": _all_of(single.X)[0],
        "one row of one token, y": _all_of(single.y)[0],
        f"{steps}, y - X": y_many[0] - X_many[0],
        f"{steps}, X less its first column": X_many[0] - X_many[0, :, :1],
    }


def _places(side: Submission) -> Values:
    found = batches(side, side.data.get_batch, torch.arange(7), 2, 4, DRAWS, 3)
    starts = expect_shape(found.X, (DRAWS, 2, 4), "drew batches")[:, :, 0].tolist()
    many = batches(side, side.data.get_batch, torch.arange(STARTS + 3), 100, 3, 45, 4)
    begun = expect_shape(many.X, (45, 100, 3), "drew batches")[:, :, 0]
    often = how_often(begun, torch.full((STARTS,), 1 / STARTS))
    return {
        "where rows begin": sorted({start for pair in starts for start in pair}),
        "pairs of places in one batch": sorted({tuple(pair) for pair in starts}),
        **{f"place {place} of {STARTS}": said for place, said in enumerate(often)},
    }


def _generator(side: Submission) -> Values:
    def draw(seed: int | None, global_seed: int) -> Tensor:
        text = torch.arange(2000)
        return _all_of(batches(side, side.data.get_batch, text, 3, 4, 6, seed, global_seed=global_seed).X)

    first = draw(5, 0)
    return {
        "the same generator gives the same batches": torch.equal(first, draw(5, 1)),
        "another generator gives others": not torch.equal(first, draw(6, 0)),
        "without one, the global generator decides": not torch.equal(draw(None, 0), draw(None, 1)),
        "and nothing else does": torch.equal(draw(None, 0), draw(None, 0)),
        "one batch is not the next": not torch.equal(first[0], first[1]),
        "without a generator, too": not torch.equal(*draw(None, 0)[:2]),
    }


def _untouched(side: Submission) -> Values:
    text = inputs.tokens("untouched", 9, 30)
    return {"the text afterwards": batches(side, side.data.get_batch, text, 2, 3, 1, 1).tokens}


def _all_of(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"batches that are a {type(value).__name__}")
    return value


STAGES = (
    Stage("vocabulary", 1, "vocabulary of a text", _vocabulary, flow="vocabulary"),
    Stage("tokens", 1, "text to tokens", _tokens, flow="tokens"),
    Stage("unknown", 1, "an unknown character", _unknown, builds_on=("tokens",)),
    Stage("decode", 1, "tokens to text", _text_again, flow="decode"),
    Stage("split", 2, "text to train and test on", _split, flow="split"),
    Stage("batch", 5, "a batch X, and y one further", _batch, flow="batch"),
    Stage("text_untouched", 5, "the text after a batch", _untouched, builds_on=("batch",)),
    Stage("places", 5, "where batches begin", _places, builds_on=("batch", "text_untouched")),
    Stage("batch_generator", 5, "what a batch is drawn with", _generator, builds_on=("batch",)),
)
