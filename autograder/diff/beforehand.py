"""What does not need PyTorch, found out in a child while its parent imports that: settings, clean copies, causes.

So the parent has read none of it when it is forked, and no worker inherits any.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.diff.common_mistakes import Cause, load_causes
from autograder.grading.messages import account
from autograder.grading.supervise import Family


class Unusable(Exception):
    """The request cannot be met, for a reason that lies with who made it. May hold a student's names."""


class Impossible(Exception):
    """The request cannot be met on this machine, or with these settings."""


@dataclass(frozen=True)
class Found:
    """Of the settings the limit on `memory_mb` and what is `forbidden`; the written `answers` in each clean copy; the
    declared `causes`."""

    memory_mb: int
    forbidden: tuple[str, ...]
    answers: Mapping[Path, Mapping[str, Any]]
    causes: tuple[Cause, ...]


class Beforehand:
    """Takes each of `sources` in, into the folder that it is filed under, beside this process."""

    def __init__(self, family: Family, sources: Mapping[Path, Path]) -> None:
        self._family, self._targets = family, tuple(sources)
        self._reading, writing = os.pipe()

        def tell() -> int:
            with open(writing, "w", encoding="utf-8") as pipe:
                json.dump(_found(sources), pipe)
            return 0

        self._pid = family.begin(tell)
        os.close(writing)

    def found(self) -> Found:
        """What came of it. Raises Unusable or Impossible, or RuntimeError when the child failed."""
        with open(self._reading, encoding="utf-8", closefd=False) as pipe:
            text = pipe.read()
        if not text:
            raise RuntimeError("the process that takes submissions in has ended")
        said: dict[str, Any] = json.loads(text)
        for name, kind in (("unusable", Unusable), ("impossible", Impossible), ("fault", RuntimeError)):
            if name in said:
                raise kind(said[name])
        answers = dict(zip(self._targets, said["answers"], strict=True))
        causes = tuple(Cause(**cause) for cause in said["causes"])
        return Found(said["memory_mb"], tuple(said["forbidden"]), answers, causes)

    def end(self) -> None:
        """End the child, if it has not ended, and forget what it said."""
        self._family.end(self._pid)
        os.close(self._reading)


def _found(sources: Mapping[Path, Path]) -> dict[str, Any]:
    from autograder.settings import SettingsError, load_settings

    try:
        settings = load_settings()
        limits, forbidden = settings.limits, list(settings.shortcuts.forbidden)
        sizes = limits.submission_files, int(limits.submission_mb * 2**20)
        answers = [_taken_in(source, target, *sizes) for target, source in sources.items()]
        causes = [asdict(cause) for cause in load_causes()]
        return {"memory_mb": limits.memory_mb, "forbidden": forbidden, "answers": answers, "causes": causes}
    except Unusable as error:
        return {"unusable": str(error)}
    except SettingsError as error:
        return {"impossible": str(error)}
    except Exception as error:
        return {"fault": account(error)}


def _taken_in(source: Path, target: Path, files: int, total_bytes: int) -> Mapping[str, Any]:
    from autograder.intake import IntakeError, IntakeLimits, take_in

    try:
        intake = take_in(source, target, IntakeLimits(files=files, total_bytes=total_bytes))
    except IntakeError as error:
        raise Unusable(str(error)) from None
    if intake.problems:
        raise Unusable("\n".join(f"{source}: {problem}" for problem in intake.problems))
    return intake.answers
