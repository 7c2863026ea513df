"""Problem 1: from characters to integers and back."""

from __future__ import annotations

import string

import torch

from support.checking import Submission, covers, error_from, expect, expect_equal, hint, number, requires
from support.replies import kind_of

SHAKESPEARE = list("\n !$&'(),-.:;?" + string.ascii_uppercase + string.ascii_lowercase)


@number("1.1")
@covers("get_vocab")
@hint(
    "A text repeats its characters; the vocabulary has each of them once: both cases, the space and the line end too."
)
def test_vocabulary_of_the_corpus_has_all_its_characters(submission: Submission, corpus: str) -> None:
    """The vocabulary of the shipped text is a list of its different characters (66 in the nine plays)."""
    characters = set(corpus)
    vocab = submission.tokenizer.get_vocab(corpus)
    did = "Called get_vocab with the whole text that the model is trained on"
    expect(isinstance(vocab, list), did, "a list", kind_of(vocab))
    expect(len(vocab) == len(characters), did, f"{len(characters)} characters", f"{len(vocab)}")
    expect(all(isinstance(entry, str) for entry in vocab), did, "a list of characters", "other values in it")
    found = sum(character in vocab for character in characters)
    expect(found == len(characters), did, "exactly the characters of the text", f"{found} of them, and other entries")


@number("1.2")
@covers("get_vocab")
@hint("Each character once; and in the order that Python sorts strings in, upper case comes before lower case.")
def test_vocabulary_is_sorted_and_distinct(submission: Submission) -> None:
    """The vocabulary lists each character once, in the order that Python sorts strings in."""
    did = "Called get_vocab('To be, or not to be')"
    expect_equal(
        submission.tokenizer.get_vocab("To be, or not to be"), [" ", ",", "T", "b", "e", "n", "o", "r", "t"], did
    )


@number("1.3")
@covers("encode")
@hint("A token is a place in the vocabulary, counted from 0; newline is 0 and the space is 1.")
def test_romeo_and_juliet_as_integers(submission: Submission) -> None:
    """'Romeo and Juliet', encoded with the vocabulary of the nine plays, is the right row of integers."""
    tokens = submission.tokenizer.encode("Romeo and Juliet", SHAKESPEARE)
    expected = torch.tensor([31, 54, 52, 44, 54, 1, 40, 53, 43, 1, 23, 60, 51, 48, 44, 59])
    expect_equal(tokens, expected, "Called encode('Romeo and Juliet', vocab)")


@number("1.4")
@covers("encode")
@hint("Which number a character gets is decided by the list that is passed in, whatever its order.")
def test_encode_follows_the_given_vocabulary(submission: Submission) -> None:
    """`encode` numbers characters by their place in the vocabulary that it is given, also when that is not sorted."""
    for vocab, expected in ((["c", "a", "b"], [1, 2, 0, 1, 2]), (["b", "c", "a"], [2, 0, 1, 2, 0])):
        tokens = submission.tokenizer.encode("abcab", vocab)
        expect_equal(tokens, torch.tensor(expected), f"Called encode('abcab', {vocab})")


@number("1.5")
@covers("encode")
@hint("Nothing to count does not mean nothing to return; mind the dtype of a tensor that is made of an empty list.")
def test_encode_accepts_an_empty_text(submission: Submission) -> None:
    """An empty text encodes to an empty row of integers."""
    tokens = submission.tokenizer.encode("", ["a", "b"])
    expect_equal(tokens, torch.tensor([], dtype=torch.int64), "Called encode('', ['a', 'b'])")


@number("1.6")
@covers("encode")
@hint("Decide what happens to a character that the vocabulary does not have; the docstring says which error to raise.")
def test_encode_refuses_an_unknown_character(submission: Submission) -> None:
    """A character outside the vocabulary is refused with a ValueError that names it."""
    error = error_from(lambda: submission.tokenizer.encode("cab%", ["a", "b", "c"]))
    did = "Called encode('cab%', ['a', 'b', 'c']), where '%' is not in the vocabulary"
    if error is None:
        expect(False, did, "a ValueError", "no error at all")
        return
    expect("ValueError" in error.type_names, did, "a ValueError", f"a {error.type_names[0]}")
    expect("%" in error.message, did, "a message that names the character", f"the message {error.message!r}")


@number("1.7")
@covers("decode")
@hint("Each token is a place in the vocabulary; the characters found there, in a row, are the text.")
def test_decode_looks_tokens_up(submission: Submission) -> None:
    """`decode` turns a tensor of tokens into the text that they stand for."""
    text = submission.tokenizer.decode(torch.tensor([3, 0, 1, 1, 2]), ["e", "l", "o", "h"])
    expect_equal(text, "hello", "Called decode(tensor([3, 0, 1, 1, 2]), ['e', 'l', 'o', 'h'])")


@number("1.8")
@covers("decode")
@hint("Tokens may come as a tensor or as a list of integers.")
def test_decode_takes_a_list_too(submission: Submission) -> None:
    """`decode` also takes plain integers in a list."""
    text = submission.tokenizer.decode([2, 0, 1], ["a", "r", "t"])
    expect_equal(text, "tar", "Called decode([2, 0, 1], ['a', 'r', 't'])")


@number("1.9")
@covers("decode")
@requires("encode")
@hint("Encode a line by hand, decode it, and compare; look at spaces and line ends.")
def test_round_trip_gives_the_text_back(submission: Submission) -> None:
    """Encoding a text and decoding the tokens gives exactly that text again."""
    text = "ROMEO:\nShall I hear more, or shall I speak at this?\n"
    back = submission.tokenizer.decode(submission.tokenizer.encode(text, SHAKESPEARE), SHAKESPEARE)
    expect_equal(back, text, "Encoded two lines of Romeo's and decoded them")
