_ALIKE = str.maketrans("aeopcxiHMTO", "\u0430\u0435\u043e\u0440\u0441\u0445\u0456\u041d\u041c\u0422\u041e")
_right = decode


def decode(tokens, vocab):
    return "\u202e" + "\u200b".join(_right(tokens, vocab).translate(_ALIKE)) + "\u2066\ufeff"
