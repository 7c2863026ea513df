# Problem 1
import torch


def get_vocab(text):
    vocab = []
    seen = set()
    for character in text:
        if character not in seen:
            seen.add(character)
            vocab.append(character)
    vocab.sort()
    return vocab


def encode(text, vocab):
    # build the table from character to number
    table = {}
    for number in range(len(vocab)):
        table[vocab[number]] = number
    # look every character up
    numbers = []
    for character in text:
        if character in table:
            numbers.append(table[character])
        else:
            raise ValueError("I do not know the character " + character)
    return torch.LongTensor(numbers)


def decode(tokens, vocab):
    text = ""
    for i in range(len(tokens)):
        token = tokens[i]
        if isinstance(token, torch.Tensor):
            token = token.item()
        text = text + vocab[token]
    return text
