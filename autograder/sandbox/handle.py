"""A submission as checks see it, running in a process of its own."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from autograder.sandbox.conversation import BESIDE
from autograder.sandbox.limits import Limits
from autograder.sandbox.references import RemoteModule
from autograder.sandbox.session import WorkerSession
from autograder.sandbox.worker import MODULES
from autograder.sandbox.zygote import Zygote


class RemoteSubmission:
    """The modules of `charlm` in the folder `code`, as attributes, and `probes`; `session` rules their worker.

    Nothing is started or imported before the first call. As root, the worker gets a user id of its own. `trusted`
    code (the reference) keeps the grader's, and its failures are SandboxErrors: nobody's submission is to blame.
    """

    sessions: type[WorkerSession] = WorkerSession
    tokenizer: RemoteModule
    data: RemoteModule
    attention: RemoteModule
    model: RemoteModule
    training: RemoteModule
    probes: RemoteModule

    def __init__(
        self,
        zygote: Zygote,
        code: Path,
        *,
        limits: Limits | None = None,
        seed: int = 0,
        threads: int = 1,
        trusted: bool = False,
    ) -> None:
        self.session = self.sessions(
            zygote, code, limits=limits or Limits(), seed=seed, threads=threads, trusted=trusted
        )
        for name in (*MODULES, *BESIDE):
            setattr(self, name, RemoteModule(self.session, name))

    def close(self) -> None:
        """End the worker and delete its folder."""
        self.session.close()

    def __enter__(self) -> RemoteSubmission:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
