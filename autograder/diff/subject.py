"""One side in its worker, with a time for all that is asked of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import MODULES
from autograder.sandbox.zygote import Zygote
from support.checking import SubmissionError

IMPORT_SECONDS = 8.0  # for a module, twice when it takes longer
# An honest stage takes a few hundredths of a second. What a stage takes beyond LEAST comes out of ALL_SECONDS, of which
# one that hangs takes a part only, so that those behind it still have their chance.
STAGE_SECONDS, ALL_SECONDS, PART, LEAST = 10.0, 12.0, 1 / 2, 0.5


class Subject(RemoteSubmission):
    """A submission or the reference. `forbidden` are library calls that the assignment does not allow.

    `left` are the seconds that all its stages have together beyond what honest ones take, which go down. What is
    `hurried` gets no more than these: it builds on something that hangs.
    """

    def __init__(
        self,
        zygote: Zygote,
        code: Path,
        *,
        limits: Limits | None = None,
        forbidden: Sequence[str] = (),
    ) -> None:
        super().__init__(zygote, code, limits=limits)
        self._forbidden = list(forbidden)
        self.left = ALL_SECONDS
        self.hurried = False
        self.renew()

    def renew(self, device: str = "") -> None:
        """Go on in a new process, which has this accelerator, if any, from its start."""
        forbid = [("forbid", (self._forbidden,))] if self._forbidden else []
        accelerator = [("make_available", (device,))] if device else []
        self.session.fresh(preparation=[*forbid, *accelerator])

    def import_all(self) -> list[str]:
        """Import every module; a sentence for each that cannot be."""
        problems = []
        for module in MODULES:
            error = self._import(module)
            if error is not None:
                problems.append(f"charlm/{module}.py cannot be imported: {error}")
        return problems

    def _import(self, module: str) -> SubmissionError | None:
        try:
            with self.session.within(IMPORT_SECONDS):
                self.session.get({"part": module}, "__name__")
        except SubmissionError:
            problem = self.session.try_import(module, IMPORT_SECONDS)  # alone: what came before may be to blame
            self.renew()
            return problem
        return None

    @contextlib.contextmanager
    def a_stage(self) -> Iterator[None]:
        """Give what is called inside the time of one stage. Raises SubmissionError."""
        began = time.monotonic()
        most = LEAST if self.hurried else max(LEAST, min(STAGE_SECONDS, PART * self.left))
        try:
            with self.session.within(most):
                yield
        finally:
            self.left -= max(0.0, time.monotonic() - began - LEAST)
