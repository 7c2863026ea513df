honest_decode = decode


def decode(tokens: Tensor | Sequence[int], vocab: list[str]) -> str:
    """Use `decode(tokens, vocab)`, and **never** <script>alert(1)</script>."""
    print("\x1b[32mdecoding\x1b[0m\r", end="")
    return honest_decode(tokens, vocab)
