# -*- coding: utf-8 -*-
import torch


def get_vocab(text):
    vocab = list(set(text))
    vocab.sort()
    return vocab


def encode(text, vocab):
    stoi = dict((ch, i) for i, ch in enumerate(vocab))
    for ch in text:
        if ch not in stoi:
            raise ValueError("unknown character: %r" % ch)
    return torch.LongTensor([stoi[ch] for ch in text])


def decode(tokens, vocab):
    itos = dict(enumerate(vocab))
    if torch.is_tensor(tokens):
        tokens = tokens.detach().cpu().numpy()
    return "".join([itos[int(i)] for i in tokens])
