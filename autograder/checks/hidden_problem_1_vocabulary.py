"""Problem 1, hidden: other alphabets, other orders, nothing at all."""

from __future__ import annotations

import torch

from support.checking import Submission, covers, error_from, expect, expect_equal, hint, number, requires

# Accents (composed and not), Greek, Cyrillic, Chinese, emoji beyond the 16-bit range, a tab and a carriage return.
ALPHABET = list("aZ09 \t\r\néßÆe\u0301Ωж水火🙂🎭“”-")
MANY = [chr(0x4E00 + place) for place in range(300)]  # more characters than a byte has values


def _draw(rng: torch.Generator, count: int) -> str:
    return "".join(ALPHABET[int(i)] for i in torch.randint(len(ALPHABET), (count,), generator=rng))


def _shuffled(rng: torch.Generator) -> list[str]:
    distinct = sorted(set(ALPHABET))
    return [distinct[int(i)] for i in torch.randperm(len(distinct), generator=rng)]


@number("1.10")
@covers("get_vocab")
@hint("Each different character once, in the order of Python's strings, whatever alphabet it belongs to.")
def test_vocabulary_of_any_text(submission: Submission, rng: torch.Generator) -> None:
    """The vocabulary is right for texts in any script, with characters at an end only, and for a single character."""
    once, ends = _draw(rng, 1), "one\r\ntwo"  # no `\r` alone
    for text, kind in (
        (f"\f{_draw(rng, 60)}\u3000", "in many scripts"),
        (once, "of one character"),
        (3 * once, "that repeats one character"),
        (ends, "whose lines end with two characters"),
    ):
        found = submission.tokenizer.get_vocab(text)
        expect_equal(found, sorted(set(text)), f"Called get_vocab with a text {kind}")


@number("1.11")
@covers("get_vocab")
@hint("The docstring says what an empty text gives.")
def test_vocabulary_of_no_text_is_empty(submission: Submission) -> None:
    """A text without characters has an empty vocabulary."""
    expect_equal(submission.tokenizer.get_vocab(""), [], "Called get_vocab('')")


@number("1.12")
@covers("encode")
@hint("Only the place in the given list counts, not how characters compare.")
def test_encode_any_text(submission: Submission, rng: torch.Generator) -> None:
    """`encode` is right for any text, down to one character, and for any vocabulary, another one at each call."""
    for text, vocab in (
        (f"\t\r\n{_draw(rng, 200)}\n", _shuffled(rng)),
        (_draw(rng, 1), _shuffled(rng)),
        ("".join(reversed(MANY)), MANY),
    ):
        expected = torch.tensor([vocab.index(character) for character in text])
        did = f"Called encode with {len(text)} characters and a vocabulary of {len(vocab)}"
        expect_equal(submission.tokenizer.encode(text, vocab), expected, did)


@number("1.13")
@covers("encode")
@hint("Every character has to be looked up, wherever it stands in the text; the message has to name the one missing.")
def test_unknown_character_is_named_wherever_it_stands(submission: Submission, rng: torch.Generator) -> None:
    """An unknown character is refused and named at the beginning, in the middle and at the end of a text."""
    some = [character for character in _shuffled(rng) if character not in "水Ω🎭"]
    middle, end = len(some) // 2, len(some)
    # The code of "#" is a token of the larger vocabulary.
    for unknown, cut, vocab in (("水", 0, some), ("Ω", middle, some), ("🎭", end, some), ("#", middle, MANY)):
        known = "".join(vocab)
        text = known[:cut] + unknown + known[cut:]
        error = error_from(lambda text=text, vocab=vocab: submission.tokenizer.encode(text, vocab))  # type: ignore[misc]
        did = "Called encode with one character that is not in the vocabulary"
        if error is None:
            expect(False, did, "a ValueError", "no error at all")
            return
        expect("ValueError" in error.type_names, did, "a ValueError", f"a {error.type_names[0]}")
        expect(unknown in error.message, did, "a message that names the character", "a message without it")


@number("1.14")
@covers("decode")
@hint("A token is a place in the vocabulary, in whatever order that is; look at the first and the last place.")
def test_decode_any_tokens(submission: Submission, rng: torch.Generator) -> None:
    """`decode` is right for any vocabulary, for tensors and for lists, down to one token, and for token 0 alone."""
    some = _shuffled(rng)
    many = torch.cat([torch.tensor([0, len(some) - 1]), torch.randint(len(some), (100,), generator=rng)])
    for tokens, vocab in ((many, some), (many[2:3].clone(), some), (torch.zeros(2).long(), some), (299 - many, MANY)):
        text = "".join(vocab[token] for token in tokens.tolist())
        did = f"Called decode with a tensor of {len(tokens)} tokens"
        expect_equal(submission.tokenizer.decode(tokens, vocab), text, did)
        expect_equal(submission.tokenizer.decode(tokens.tolist(), vocab), text, "Called decode with a list of integers")


@number("1.15")
@covers("decode")
@hint("No tokens are a text too: the shortest there is.")
def test_no_tokens_decode_to_the_empty_text(submission: Submission) -> None:
    """Decoding no tokens, as a tensor or as a list, gives the empty text."""
    empty = torch.tensor([], dtype=torch.int64)
    expect_equal(submission.tokenizer.decode(empty, ["a", "b"]), "", "Called decode with an empty tensor")
    expect_equal(submission.tokenizer.decode([], ["a", "b"]), "", "Called decode with an empty list")


@number("1.16")
@covers("decode")
@requires("get_vocab", "encode")
@hint("The three functions have to agree: what one counts, the next must find again.")
def test_round_trip_of_held_out_text(submission: Submission, held_out: str, rng: torch.Generator) -> None:
    """A passage that the handout does not have comes back unchanged through its own vocabulary."""
    start = int(torch.randint(len(held_out) - 3000, (1,), generator=rng))
    text = held_out[start : start + 3000]
    vocab = submission.tokenizer.get_vocab(text)
    back = submission.tokenizer.decode(submission.tokenizer.encode(text, vocab), vocab)
    expect_equal(back, text, "Encoded and decoded a passage with its own vocabulary")
