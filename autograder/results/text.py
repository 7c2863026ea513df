"""Text that a student can have written, made safe to show: in a terminal, in JSON, inside Markdown."""

import functools
import re
import textwrap
import unicodedata

_WIDTH = 100
_COMBINING_IN_A_ROW = 4
# Whole escape sequences, so that no "[31m" stays behind; a lone escape character goes with the controls below.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)|\x1b[ -/]*[0-~]"
)
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&$]")
_NEW_LINES = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# The results are written anew after each check, and most of their texts stay the same.
_remembered = functools.lru_cache(maxsize=1024)


def clean(text: str, chars: int = 2000, lines: int = 40) -> str:
    """Valid Unicode without control characters, terminal escapes or direction overrides; tabs become spaces.

    At most `chars` characters on `lines` lines; the cut is marked. Newlines stay.
    """
    # Escape sequences count for nothing in the result, so some slack is left for them before the work is bounded.
    cut = len(text) > 4 * chars
    text = _NEW_LINES.sub("\n", _ESCAPES.sub("", text[: 4 * chars])).expandtabs(4)
    text = _without_controls(text).strip("\n")
    kept = text.split("\n")
    cut = cut or len(kept) > lines
    text = "\n".join(line.rstrip() for line in kept[:lines]).strip("\n")
    if cut or len(text) > chars:
        text = text[:chars].rstrip() + " […]"
    return text


def clean_line(text: str, chars: int = 120) -> str:
    """The same on one line."""
    return " ".join(clean(text, chars).split())


@_remembered
def code_block(text: str) -> str:
    """A Markdown code block that shows `text` literally, wrapped; "" for no text.

    The fence is longer than any run of backticks inside, so no line of the text can end the block.
    """
    text = clean(text)
    if not text:
        return ""
    wrapped = "\n".join(part for line in text.split("\n") for part in _wrap(line))
    longest = max((len(run) for run in re.findall("`+", wrapped)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{wrapped}\n{fence}"


@_remembered
def prose(text: str) -> str:
    """The grader's own sentence as Markdown: what stands between backticks is code, all else is literal."""
    pieces = re.split("(`[^`]+`)", text)
    return "".join(piece if piece.startswith("`") else _SPECIAL.sub(r"\\\g<0>", piece) for piece in pieces)


def _wrap(line: str) -> list[str]:
    indent = " " * min(len(line) - len(line.lstrip()), 20)
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, replace_whitespace=False, break_on_hyphens=False) or [
        ""
    ]


def _without_controls(text: str) -> str:
    letters: list[str] = []
    combining = 0
    for letter in text:
        category = unicodedata.category(letter)
        combining = combining + 1 if category in ("Mn", "Me") else 0
        if category in ("Cs", "Co", "Cn"):
            letters.append("\N{REPLACEMENT CHARACTER}")
        elif letter == "\n" or (category not in ("Cc", "Cf") and combining <= _COMBINING_IN_A_ROW):
            letters.append(letter)
    return "".join(letters)
