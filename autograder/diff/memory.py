"""What was seen of the reference, and of common mistakes made in it, kept on disk: a later run need not run them again.

A file holds JSON and safetensors behind a checksum, and its name is a hash of all that what is in it depends on. It
lies in a folder of the user's own that is closed to everybody else. What cannot be read, for whatever reason, is as
good as not there.
"""

from __future__ import annotations

import contextlib
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from autograder.diff.flow import Flow
from autograder.diff.observe import Look, Seen
from autograder.diff.rows import Observed
from autograder.diff.stage import Place
from autograder.paths import CACHE, PUBLIC_CHECKS, ROOT
from autograder.sandbox.codec import Decoder, Encoder, Unsendable
from autograder.sandbox.wire import Malformed, parse, text_of

KEPT = 4  # of the newest keys: other devices, and the versions that somebody goes back and forth between
DIGEST = 32
CODE = (ROOT / "autograder" / "diff", ROOT / "autograder" / "sandbox", PUBLIC_CHECKS / "support")
"""What asks and answers, besides the reference."""


class DiskMemory:
    """What was seen of the code in the folder `code`, asked as `asked` says: the device, limits and the like.

    `file` is where that lies, if it does.
    """

    def __init__(self, code: Path, asked: Iterable[str], folder: Path = CACHE) -> None:
        self._folder, self._key = folder, _key(code, asked)
        self.file = folder / f"{self._key.hex()}.seen"

    def recall(self, answers: Mapping[str, Any]) -> Observed | None:
        """What was seen, with these written answers; None when there is nothing, or it is damaged."""
        found = self._recalled(self.file)
        return None if found is None else Observed(*found, answers)

    def keep(self, seen: Observed) -> None:
        """Write it down, unless something went wrong that may go well the next time."""
        looks = seen.looks.values()
        if not any(one.error for one in (*seen.flow.steps.values(), *(look.own for look in looks))):
            self._write(self.file, seen.looks, seen.flow)

    def recall_tried(self, change: Iterable[str]) -> dict[str, Look]:
        """What was kept of the code with this change, by name."""
        looks, _ = self._recalled(self._file_of(change)) or ({}, None)
        return looks

    def keep_tried(self, change: Iterable[str], looks: Mapping[str, Look]) -> None:
        """Write it down, without what need not come out like that the next time."""
        lasting = {name: look for name, look in looks.items() if _lasts(look.own) and _lasts(look.doubled)}
        self._write(self._file_of(change), lasting, Flow({}))

    def _file_of(self, change: Iterable[str]) -> Path:
        """Where that lies, whose name begins as that of the code without it."""
        return self._folder / f"{self._key.hex()}.{_hash(change).hex()}.seen"

    def _recalled(self, file: Path) -> tuple[dict[str, Look], Flow] | None:
        try:
            make_private(self._folder)
            header, body = self._opened(_read(file))
            decoder = Decoder(body, _place)
            looks, steps, sample = decoder.decode(parse(header)["seen"])
            decoder.finish()
            seen = {name: Look(_seen(own), doubled and _seen(doubled)) for name, own, doubled in looks}
            return seen, Flow({name: _seen(step) for name, step in steps.items()}, sample)
        except (OSError, Malformed, LookupError, TypeError, ValueError, AttributeError):
            return None

    def _opened(self, data: bytes) -> tuple[bytes, bytes]:
        digest, rest = data[:DIGEST], data[DIGEST:]
        if digest != self._digest(rest):
            raise Malformed("a file that is damaged, or about something else")
        header, _, body = rest.partition(b"\n")
        return header, body

    def _digest(self, rest: bytes) -> bytes:
        return blake2b(rest, key=self._key, digest_size=DIGEST).digest()

    def _write(self, file: Path, looks: Mapping[str, Look], flow: Flow) -> None:
        with contextlib.suppress(OSError, Unsendable):
            content = _encoded(looks, flow)
            make_private(self._folder)
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            try:
                with open(descriptor, "wb") as opened:
                    opened.write(self._digest(content) + content)
                os.replace(name, file)
            except BaseException:
                os.unlink(name)
                raise
            self._forget_old_ones()

    def _forget_old_ones(self) -> None:
        found = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        keys = list(dict.fromkeys(path.name.partition(".")[0] for path in found))
        for path in found:
            if path.name.partition(".")[0] in keys[KEPT:]:
                path.unlink(missing_ok=True)


def make_private(folder: Path) -> None:
    """See to it that there is this folder, that it is the user's, and closed to others. Raises OSError."""
    if not folder.is_absolute():
        raise FileNotFoundError(f"{folder}: it is not known where the user's files are")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} is not a folder of this user's")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _read(path: Path) -> bytes:
    """A file that nobody else can have written. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(f"{path} is not a file of this user's alone")
        return file.read()


def _key(code: Path, asked: Iterable[str]) -> bytes:
    versions = (sys.version, torch.__version__, platform.node(), torch.backends.cpu.get_cpu_capability())
    hashed = blake2b(_hash([*versions, *asked]), digest_size=DIGEST)
    for folder in (code / "charlm", *CODE):
        for path in sorted(folder.rglob("*.py")):
            hashed.update(blake2b(f"{folder.name}/{path.relative_to(folder)}".encode()).digest())
            hashed.update(blake2b(path.read_bytes()).digest())
    return hashed.digest()


def _hash(texts: Iterable[str]) -> bytes:
    return blake2b(b"".join(blake2b(text.encode()).digest() for text in texts), digest_size=DIGEST).digest()


def _lasts(seen: Seen | None) -> bool:
    """Whether it would come out alike in every run: a value, or an error that a line of the code raised by itself."""
    if seen is None or seen.error is None:
        return True
    return bool(seen.where) and seen.error[0] not in ("MemoryError", "OutOfMemoryError")


def _encoded(looks: Mapping[str, Look], flow: Flow) -> bytes:
    listed = [(name, _fields(look.own), look.doubled and _fields(look.doubled)) for name, look in looks.items()]
    steps = {name: _fields(step) for name, step in flow.steps.items()}
    encoder = Encoder(_name_of_place)
    header = {"seen": encoder.encode((listed, steps, flow.sample))}
    return text_of(header) + b"\n" + encoder.body()


class _Marked:
    """A place, which is a text for all but the comparison."""

    def __init__(self, place: Place) -> None:
        self.place = str(place)


def _fields(seen: Seen) -> tuple[Any, ...]:
    values = {name: _Marked(value) if isinstance(value, Place) else value for name, value in seen.values.items()}
    return values, seen.error, seen.where


def _seen(fields: tuple[Any, ...]) -> Seen:
    values, error, where = fields
    return Seen(values, error, where)


def _name_of_place(value: object) -> Any:
    if not isinstance(value, _Marked):
        raise Unsendable(f"a {type(value).__name__}")
    return {"place": value.place}


def _place(kind: str, content: Any) -> Place:
    if kind != "place" or not isinstance(content, str):
        raise Malformed("a value of an unknown kind")
    return Place(content)
