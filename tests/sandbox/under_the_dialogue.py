"""Names every Python function that a worker runs in reach of its secrets and that its seal does not know.

    python -m tests.sandbox.under_the_dialogue

Whoever replaces such a function gets at the key that answers are signed with. The worker's side and the grader's run
in two threads of this process; the worker's is profiled while the grader asks what checks ask.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

from autograder.paths import REFERENCE
from autograder.sandbox import conversation, memory, namespaces, nursery, seal, wire
from autograder.sandbox.session import Worker
from autograder.sandbox.worker import Server
from support import turns
from support.checking import Submission, SubmissionError
from tests.forged_submission import ForgedSession, ForgedSubmission, NoScratch, honest

THEIRS = turns.run.__code__  # what runs under this has no secret under it
OURS = (conversation.__file__, seal.__file__, memory.__file__)  # builtins of their own, and in nobody's reach


class Asking(ForgedSession):
    """A session whose worker is the other thread."""

    channel: wire.Channel

    def _start(self) -> Worker:
        hello, _ = self.channel.receive(time.monotonic() + 30)
        self._worker = Worker(0, self.channel, None, NoScratch(), 0, bytes.fromhex(hello["key"]))  # type: ignore[arg-type]
        return self._worker


def ask(submission: Submission) -> None:
    """Something of each kind that checks ask for."""
    assert submission.tokenizer.get_vocab("to be") == sorted(set("to be"))
    for wrong in (lambda: submission.tokenizer.encode("x", ["a"]), lambda: submission.model.FeedForward("wide")):
        with contextlib.suppress(SubmissionError):
            wrong()
    config = submission.model.ModelConfig(vocab_size=5, ctx_size=4, embed_size=4, num_heads=2, num_blocks=1)
    model, probes = submission.model.TransformerLM(config), submission.probes
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    probes.set_parameters(model, probes.get_parameters(model))
    probes.logits_on(model, tokens, "cpu")
    probes.watch_generate(model, torch.zeros(5, 5), tokens, 3, 1)
    probes.parameter_gradients(model, tokens, torch.ones(2, 3, 5))
    probes.draw_batches(submission.data.get_batch, torch.arange(50), 3, 4, 5, 1)
    probes.call_keeping_inputs(submission.model.FeedForward(4), torch.randn(2, 3, 4))
    probes.seen_by(probes.bigram(torch.zeros(5, 5)))
    probes.install_doubles(["Head"])
    probes.doubles_were_called()
    probes.remove_doubles()
    submission.attention.attention_probs(torch.randn(2, 3, 3))
    assert model.config.vocab_size == 5


def unsealed() -> list[str]:
    """Takes over this process: what is put off for workers is put off here."""
    nursery.preload()
    sys.path.insert(0, str(REFERENCE))
    known = {code for _, found in namespaces.functions_in(namespaces.find()) for code in _with_inner(found.__code__)}
    met = set[CodeType]()
    theirs, ours = socket.socketpair()
    channel = wire.Channel(theirs, sends=wire.REPLIES, receives=wire.REQUESTS, patient=True)
    Asking.channel = wire.Channel(ours, sends=wire.REQUESTS, receives=wire.REPLIES)
    failures: list[BaseException] = []
    asking = threading.Thread(target=_ask, args=(ours, failures))
    sys.setprofile(_noting(met))
    asking.start()
    deque(conversation.conversation(channel, Server(str(REFERENCE)), [], list(seal.take()[:1])), maxlen=0)
    sys.setprofile(None)
    asking.join()
    if failures or len(met) < 50:
        raise RuntimeError(f"{len(met)} functions were seen") from (failures or [None])[0]
    return sorted(
        f"{Path(code.co_filename).name} {code.co_name}, line {code.co_firstlineno}"
        for code in met
        if code not in known and code.co_filename not in OURS
    )


def _ask(ours: socket.socket, failures: list[BaseException]) -> None:
    try:
        ask(ForgedSubmission(REFERENCE, honest, kind=Asking))  # type: ignore[arg-type]
    except BaseException as error:
        failures.append(error)
    finally:
        ours.close()


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _with_inner(constant)


def _noting(met: set[CodeType]) -> Callable[[FrameType, str, Any], None]:
    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code not in met:
            under = [found.f_code for found, _ in traceback.walk_stack(frame)]
            if THEIRS not in under and any(code.co_filename == conversation.__file__ for code in under):
                met.add(frame.f_code)

    return note


if __name__ == "__main__":
    print("\n".join(unsealed()))
