"""Random strings planted where no submission may read, so that a leak shows in what the grader puts out."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.paths import HIDDEN_CHECKS, REFERENCE

PLATFORM_VARIABLE = "AUTOGRADER_PLATFORM"
ENVIRONMENT_VARIABLE = "GRADER_TOKEN"
# Open to everybody by themselves: only what lies around them keeps a submission away.
OPEN_TO_ALL = 0o666


@dataclass(frozen=True)
class Canaries:
    """One string for each place, all of the form `canary` and 16 hexadecimal digits.

    `folder` is where the platform's files are, `beside` are the files among those of the grader.
    """

    folder: Path
    by_place: dict[str, str] = field(default_factory=dict)
    beside: list[Path] = field(default_factory=list)

    def new(self, place: str) -> str:
        """A string for this place."""
        return self.by_place.setdefault(place, f"canary{secrets.token_hex(8)}")

    def put(self, place: str, path: Path) -> Path:
        """Write a file with the string of this place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.new(place) + "\n", encoding="utf-8")
        path.chmod(OPEN_TO_ALL)
        return path

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the grader: one with a canary, and the place of the platform's folder."""
        return {ENVIRONMENT_VARIABLE: self.new("environment"), PLATFORM_VARIABLE: str(self.folder / "platform")}

    def seen_in(self, text: str) -> list[str]:
        """The places whose string stands in `text`, also when it was wrapped, escaped or written in capitals."""
        plain = re.sub(r"\\[nrt]|[\s\\]", "", text).lower()
        return [place for place, string in self.by_place.items() if string in plain]


@contextlib.contextmanager
def planted(folder: Path) -> Iterator[Canaries]:
    """Plant them while gradings run: beside hidden checks and reference, and in a platform's folder below `folder`."""
    canaries = Canaries(folder)
    name = f"planted-{secrets.token_hex(4)}.txt"
    canaries.beside.append(canaries.put("hidden checks", HIDDEN_CHECKS / name))
    canaries.beside.append(canaries.put("reference", REFERENCE / name))
    canaries.put("metadata", folder / "platform" / "submission_metadata.json")
    canaries.put("platform's submission", folder / "platform" / "submission" / "answers.toml")
    written = {path: path.read_bytes() for path in canaries.beside}
    try:
        yield canaries
        changed = [str(path) for path, text in written.items() if path.read_bytes() != text]
        if changed:
            raise AssertionError(f"a submission wrote to {', '.join(changed)}")
    finally:
        for path in canaries.beside:
            path.unlink(missing_ok=True)
