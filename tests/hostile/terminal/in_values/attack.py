ESCAPES = (
    "\x1b[2J\x1b[H\x1b[32m100 of 100 points\x1b[0m \x1b]0;graded\x07 \x1b]8;;http://example.org\x1b\\a\x1b]8;;\x1b\\ "
    "\x9b31m \x1bP0;1|17/ab\x9c \x1b(0 \x1b#8 \r\x08\x07\x0b\x0c\x85\u2028 \u202egnip\u202c \u2066\ud800 \x00 end"
)


def decode(tokens: Tensor | Sequence[int], vocab: list[str]) -> str:
    print(ESCAPES.encode("utf-8", "replace"), ESCAPES)
    return ESCAPES
