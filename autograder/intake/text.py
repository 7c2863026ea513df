"""A submission's files as text."""

from autograder.intake.catalogue import Unreadable, shown


def as_text(path: str, data: bytes) -> str:
    """Decode a file the way that editors write it: UTF-8, perhaps with a mark, any line endings."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(f"{shown(path)} is saved as UTF-16: save it as UTF-8 in your editor.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{shown(path)}, line {line}, is not UTF-8: save the file as UTF-8 in your editor.") from None
    if "\0" in text:
        raise Unreadable(f"{shown(path)} contains zero bytes, which no text has: save it as UTF-8 in your editor.")
    return text.replace("\r\n", "\n").replace("\r", "\n")
