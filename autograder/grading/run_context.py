"""Everything that one run holds: settings, seeds, texts, and the handles of submission and reference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from autograder import corpus
from autograder.devices import accelerator_for, device_for
from autograder.grading.catalogue import Catalogue
from autograder.grading.ledger import Ledger
from autograder.grading.request import GradeRequest, derive_seed
from autograder.grading.second_opinion import SecondOpinion
from autograder.grading.training import Trainings
from autograder.paths import REFERENCE
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.replies import Unexplained
from autograder.sandbox.session import Preparation
from autograder.sandbox.worker import MODULES
from autograder.sandbox.zygote import Disturbed, Zygote
from autograder.settings import Settings
from autograder.training_setting import TrainingSetting
from support.checking import CallTimedOut, Submission

# An honest module needs milliseconds: torch is there already.
IMPORT_SECONDS = 20.0
T = TypeVar("T")


class RunContext:
    """One run over one submission. `code` is the clean copy that intake made; close it at the end.

    `answers_problem` says why there are no answers, None when there are.
    """

    references: type[RemoteSubmission] = RemoteSubmission

    def __init__(
        self,
        request: GradeRequest,
        settings: Settings,
        catalogue: Catalogue,
        ledger: Ledger,
        zygote: Zygote,
        code: Path,
        answers: dict[str, Any],
        seed: int,
        answers_problem: str | None = None,
    ) -> None:
        self.request, self.settings, self.catalogue, self.ledger = request, settings, catalogue, ledger
        self.answers, self.answers_problem, self.seed = answers, answers_problem, seed
        self.zygote, self._code = zygote, code
        self._opened: list[RemoteSubmission] = []

    @cached_property
    def device(self) -> str:
        """Where the short trainings run: cpu, cuda or mps. Raises DeviceMissing when there is no such device here."""
        return device_for(self.request.device)

    @property
    def accelerator(self) -> str:
        """Where the device checks run: a real accelerator, else the simulated one."""
        return accelerator_for(self.device)

    @property
    def training_setting(self) -> TrainingSetting:
        return self.settings.training.cpu if self.device == "cpu" else self.settings.training.gpu

    @cached_property
    def corpus(self) -> str:
        return corpus.load_corpus()

    @cached_property
    def held_out(self) -> str:
        return corpus.load_held_out()

    @cached_property
    def reference(self) -> Submission:
        """The reference in a worker that has the accelerator of this run, as has one that takes its place."""
        handle = self._open(REFERENCE, seconds=600.0, trusted=True, purpose="reference", kind=self.references)
        handle.session.fresh(preparation=[self._accelerator])
        return handle

    def check_accelerator(self) -> None:
        """Run the reference once where the device checks run. Raises SandboxError when that is not possible here."""
        function = self.reference.attention.attention_probs
        _undisturbed(lambda: self.reference.probes.place_of_result(function, [torch.zeros(1, 2, 2)], self.accelerator))

    def check_imports(self) -> list[str]:
        """Import each module once; a sentence for each that cannot be, so that students look there first."""
        session, sentences = self._submission.session, []
        for module in MODULES:
            error = _undisturbed(partial(session.try_import, module, IMPORT_SECONDS))
            if isinstance(error, Unexplained):
                error = session.try_import(module, IMPORT_SECONDS)
            if isinstance(error, CallTimedOut):
                advice = 'Put what trains or prints a sample under `if __name__ == "__main__":`.'
                sentences.append(f"charlm/{module}.py takes longer than {IMPORT_SECONDS:g} s to import. {advice}")
            elif error is not None:
                sentences.append(f"charlm/{module}.py cannot be imported: {error}")
        return sentences

    @cached_property
    def trainings(self) -> Trainings:
        """The short trainings, in workers of their own so that the checks' workers do not disturb them."""
        handle = self._open(
            self._code, seconds=self.settings.limits.training_seconds, trusted=False, purpose="training"
        )
        handle.session.unimportable.update(self._submission.session.unimportable)
        return Trainings(
            handle,
            self.training_setting,
            self.device,
            self.corpus,
            self.held_out,
            self.seed_for("trainings"),
            SecondOpinion(self.reference, lambda: self.ledger.broken),
            self._preparation,
        )

    @property
    def trainings_done(self) -> Trainings | None:
        """The trainings, if any check asked for one."""
        return self.trainings if "trainings" in vars(self) else None

    def confirm(self) -> None:
        """Make sure at a check's end that the submission's process lives and has no answer that nobody asked for.

        Raises SubmissionError otherwise: one that answers ahead could have made up what the check was told.
        """
        self._submission.session.confirm()

    @property
    def held_out_loss(self) -> float | None:
        """That of the submission's own training, None when there was none."""
        return self.trainings_done.held_out_loss if self.trainings_done else None

    @contextmanager
    def fresh_submission(self, number: str, *, on_device: bool = False) -> Iterator[Submission]:
        """The submission in a worker that no other check has used; `on_device`: it has the accelerator of this run."""
        self._begin_worker(number, on_device=on_device)
        with self.time_for(number):
            yield self._submission
        self._submission.session.fresh()

    def _begin_worker(self, number: str, *, on_device: bool) -> None:
        preparation = [*self._preparation, self._accelerator] if on_device else self._preparation
        self._submission.session.fresh(self.seed_for("worker", number), preparation)

    @contextmanager
    def time_for(self, number: str) -> Iterator[None]:
        """Give what is called inside the time of the whole check, whatever was used before."""
        with self._submission.session.within(self.check_seconds(number)):
            yield

    @property
    def _accelerator(self) -> tuple[str, tuple[str]]:
        return "make_available", (self.accelerator,)

    @property
    def _preparation(self) -> Preparation:
        forbidden = list(self.settings.shortcuts.forbidden)
        return [("forbid", (forbidden,))] if forbidden else []

    @cached_property
    def _submission(self) -> RemoteSubmission:
        return self._open(self._code, seconds=self.settings.limits.check_seconds, trusted=False, purpose="checks")

    def seed_for(self, *purpose: str) -> int:
        """A seed that only this run and this purpose has."""
        return derive_seed(self.seed, *purpose)

    def open_for_exhibits(self) -> tuple[RemoteSubmission, RemoteSubmission]:
        """Reference and submission once more, after the last verdict, behind processes of their own until `close`."""
        reference = self._open(REFERENCE, seconds=60.0, trusted=True, purpose="exhibits")
        submission = self._open(self._code, seconds=60.0, trusted=False, purpose="exhibits")
        submission.session.unimportable.update(self._submission.session.unimportable)
        submission.session.fresh(None, self._preparation)
        return reference, submission

    def time_left(self) -> float:
        """Seconds until the run's own deadline."""
        return self.settings.limits.run_seconds - (time.monotonic() - self.request.started)

    def check_seconds(self, number: str) -> float:
        """What the calls of one check may take, never more than the run has left."""
        limits = self.settings.limits
        allowed = limits.check_seconds
        if number in self.catalogue.trained:
            allowed += 3 * limits.training_seconds
        return max(0.1, min(allowed, self.time_left()))

    def take_peak_mb(self) -> float:
        """The most memory that a process of the submission took since this was asked before, of those that ended."""
        return max((handle.session.take_peak_mb() for handle in self._opened), default=0.0)

    @cached_property
    def missing_protections(self) -> list[str]:
        """What this system lacks to hold a submission, in words. Runs nothing of the submission."""
        return self._submission.session.protections_missing()

    def close(self) -> None:
        """End every worker."""
        while self._opened:
            self._opened.pop().session.close()

    def _open(
        self,
        code: Path,
        *,
        seconds: float,
        trusted: bool,
        purpose: str,
        kind: type[RemoteSubmission] = RemoteSubmission,
    ) -> RemoteSubmission:
        limits = Limits(seconds=seconds, memory=self.settings.limits.memory_mb * MIB)
        handle = kind(
            self.zygote,
            code,
            limits=limits.beside_a_gpu() if self.device == "cuda" else limits,
            seed=self.seed_for("worker", purpose),
            trusted=trusted,
        )
        self._opened.append(handle)
        return handle


def _undisturbed(do: Callable[[], T]) -> T:
    try:
        return do()
    except Disturbed:
        return do()
