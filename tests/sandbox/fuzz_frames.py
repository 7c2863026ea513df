"""Sends damaged and made-up answers to a session, over a real socket, and sees what becomes of them.

    python -m tests.sandbox.fuzz_frames --frames 100000 --seed 1

Each answer has to give a value that an honest worker could have sent, or an error of the submission's, in time and
within bounds. Whatever else happens is a mistake of the grader's: its bytes are saved, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tqdm import tqdm

from autograder.sandbox import replies, wire
from autograder.sandbox.codec import DEEPEST, TENSOR_DTYPES, Decoder, Encoder
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.references import RemoteObject
from autograder.sandbox.session import WorkerSession
from autograder.sandbox.zygote import Zygote
from support.checking import SubmissionError
from tests.sandbox.mutations import Frame, mutated

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
SECONDS = 5.0  # for one answer, on a busy machine
MEGABYTES = 100.0  # that the process may grow by, for one answer
PATIENCE = 0.02  # for an answer that never ends; others end with the connection
EACH = 6  # damaged frames for each that was made up
MOST_FAULTS = 20

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
tensors = st.builds(
    lambda dtype, shape: torch.zeros(shape, dtype=dtype),
    st.sampled_from(TENSOR_DTYPES),
    st.lists(st.integers(0, 4), max_size=4),
)
values = st.recursive(
    scalars | tensors | st.sampled_from([torch.float32, torch.device("cpu"), torch.device("cuda:1")]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(-(2**63), 2**63 - 1) | st.none(), inner, max_size=4)
    ),
    max_leaves=10,
)


@dataclass
class Report:
    """Counts by outcome and by way of damage, and the answers that were taken in a way that they should not be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, bytes]] = field(default_factory=list)
    slowest: float = 0.0
    growth: float = 0.0  # in MB, while one answer was taken in


class Puppet:
    """Stands in for the zygote and for every worker: answers each request with the bytes that it was given."""

    def __init__(self) -> None:
        self.answer, self.then_end = b"", True
        self._sockets: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def spawn(self, spec: object, sock: int, output: int) -> int:
        self._sockets.put(socket.socket(fileno=os.dup(sock)))
        return 1

    def end(self, pid: int, uid: int | None, grace: float) -> dict[str, Any]:
        return {"status": 0, "by_itself": True, "left": False, "grown": 0, "peak": 0}

    def close(self) -> None:
        self._sockets.put(None)
        self._thread.join()

    def _serve(self) -> None:
        held: list[socket.socket] = []
        while (sock := self._sockets.get()) is not None:
            with contextlib.suppress(OSError):  # the grader closes as soon as it has seen enough
                sock.sendall(Frame(b'{"ready":[],"key":""}').packed)
                if sock.recv(1 << 16):
                    sock.sendall(self.answer)
            held.append(sock)
            if self.then_end or len(held) > 1:
                while held:
                    held.pop().close()


def recorded(zygote: Zygote) -> list[Frame]:
    """What a worker with the reference really answers."""
    found: list[Frame] = []
    with RemoteSubmission(zygote, REFERENCE) as honest, _recording(honest.session, found):
        q = torch.randn(2, 3, 4)
        probs = honest.attention.attention_probs(honest.attention.attention_scores(q, q))
        assert probs.shape == (2, 3, 3)
        honest.tokenizer.get_vocab("To be, or not to be")
        with contextlib.suppress(SubmissionError):
            honest.tokenizer.encode("x", ["a"])
        config = honest.model.ModelConfig(
            vocab_size=5, ctx_size=4, embed_size=8, num_heads=2, num_blocks=1, softmax_dim=-1
        )
        model = honest.model.TransformerLM(config)
        honest.probes.get_parameters(model)
        honest.probes.logits_on(model, torch.zeros(2, 4, dtype=torch.int64), "cpu")
        honest.data.split(torch.arange(20), 0.9)
    assert len(found) > 6
    return found


@contextlib.contextmanager
def _recording(session: WorkerSession, found: list[Frame]) -> Iterator[None]:
    exchange = session._exchange

    def noted(*args: Any) -> tuple[dict[str, Any], bytes, bool]:
        reply, body, is_signed = exchange(*args)
        # Every frame is sent as the answer to a first request.
        found.append(Frame(wire.text_of({**reply, "id": 1}), body))
        return reply, body, is_signed

    session._exchange = noted  # type: ignore[method-assign]
    yield


class Fuzzer:
    """Sends frames to one session and judges what it makes of them."""

    def __init__(self, originals: Sequence[Frame], number: int) -> None:
        self.report = Report()
        self._originals, self._random = list(originals), Random(number)
        self._puppet = Puppet()
        self._folder = tempfile.TemporaryDirectory()
        self._session = WorkerSession(self._puppet, self._empty_submission())  # type: ignore[arg-type]

    def _empty_submission(self) -> Path:
        (Path(self._folder.name) / "charlm").mkdir()
        return Path(self._folder.name)

    def run(self, frames: int, number: int, progress: Callable[[], object]) -> None:
        """Send `frames` of them, or stop after so many faults that more would tell nothing."""
        rounds = -(-frames // (EACH + 1))

        @seed(number)
        @settings(
            max_examples=rounds,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(values)
        def each(value: Any) -> None:
            encoder = Encoder(_no_objects)
            header = wire.text_of({"id": 1, "value": encoder.encode(value)})
            made = Frame(header, encoder.body())
            for way, data in [("as it was", made.packed), *self._damaged(made)]:
                if self.report.outcomes.total() < frames and len(self.report.faults) < MOST_FAULTS:
                    self.send(way, data)
                    progress()

        while self.report.outcomes.total() < frames and len(self.report.faults) < MOST_FAULTS:
            each()

    def _damaged(self, made: Frame) -> Iterator[tuple[str, bytes]]:
        for _ in range(EACH):
            original = made if self._random.random() < 0.4 else self._random.choice(self._originals)
            yield mutated(original, [made, *self._originals], self._random)

    def send(self, way: str, data: bytes) -> None:
        """Let the session receive `data` as the answer to its first request, and note what it made of it."""
        # Few of them leave the connection open, as each that is incomplete costs its whole patience.
        hold = self._random.random() < 0.01
        self._puppet.answer, self._puppet.then_end = data, not hold
        memory, began = _memory_from_now_on(), time.monotonic()
        # Unsigned frames go no further than their signature, so most are sent as if their sender knew the key.
        unsigned = self._random.random() < 0.1
        signed = patch.object(replies, "require_signature", lambda *_: None)
        try:
            with contextlib.nullcontext() if unsigned else signed, self._session.within(PATIENCE if hold else SECONDS):
                value = self._session.call({"part": "model.f"}, (), {})
            outcome, fault = "a value", "" if could_have_been_sent(value) else f"a value that nobody sends: {value!r}"
        except SubmissionError as error:
            outcome, fault = _kind_of(error), ""
        except BaseException as error:
            outcome, fault = "FAULT", repr(error)
        seconds, growth = time.monotonic() - began, _memory("VmHWM") - memory
        self._session.fresh()
        if seconds > SECONDS or growth > MEGABYTES:
            fault = f"it took {seconds:.1f} s and {growth:.0f} MB"
        self.report.slowest = max(self.report.slowest, seconds)
        self.report.growth = max(self.report.growth, growth)
        self.report.outcomes[outcome] += 1
        self.report.ways[way] += 1
        if fault:
            self.report.faults.append((" ".join(fault.split())[:300], data))

    def close(self) -> None:
        self._session.close()
        self._puppet.close()
        self._folder.cleanup()


def _kind_of(error: SubmissionError) -> str:
    """Its class, and for a bad reply the sentence without numbers, so that equal ones are counted together."""
    text = error.message.rpartition("no valid answer: ")[2] if type(error).__name__ == "BadReply" else ""
    return f"{type(error).__name__} {re.sub(r'[0-9.]+', 'N', text)}".strip()


def could_have_been_sent(value: object) -> bool:
    """Whether an honest worker's encoder makes a frame from which this value is decoded."""
    encoder = Encoder(lambda found: {"object": [found._number, found._type]} if type(found) is RemoteObject else 1 / 0)
    header = wire.parse(wire.text_of({"value": encoder.encode(value)}))
    decoder = Decoder(encoder.body(), lambda kind, content: tuple(content), deepest=DEEPEST // 2)
    again = decoder.decode(header["value"])
    decoder.finish()
    return same(value, again)


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same to the last bit; an object is the same as its number and type."""
    if isinstance(left, RemoteObject):
        return bool((left._number, left._type) == right)
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and left.shape == right.shape and _bits(left) == _bits(right)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left), list(right)) and all(map(same, left.values(), right.values()))
    return bool(repr(left) == repr(right))  # NaN and negative zero too


def _bits(tensor: torch.Tensor) -> bytes:
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes()


def _no_objects(value: object) -> Any:
    raise AssertionError(f"{value!r} is no plain value")


def _memory_from_now_on() -> float:
    """Resident MB, where the system tells; the peak is counted anew."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> float:
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found is not None:
            return int(found[1]) / 1024
    return 0.0


def fuzz(zygote: Zygote, frames: int, number: int, progress: Callable[[], object] = lambda: None) -> Report:
    """Send so many frames; the same number makes the same frames."""
    fuzzer = Fuzzer(recorded(zygote), number)
    try:
        fuzzer.run(frames, number, progress)
    finally:
        fuzzer.close()
    return fuzzer.report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns 1 when something happened that must not, else 0."""
    parser = argparse.ArgumentParser(description="Sends damaged answers to a session.")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="to repeat a run")
    parser.add_argument("--out", type=Path, default=Path("results/fuzz"), help="folder for the bytes of a fault")
    options = parser.parse_args(arguments)
    number = Random().getrandbits(32) if options.seed is None else options.seed
    with Zygote.start_apart() as zygote, tqdm(total=options.frames, unit=" frames") as bar:
        report = fuzz(zygote, options.frames, number, lambda: bar.update())
    for title, counts in (("outcome", report.outcomes), ("damage", report.ways)):
        print(f"\n{title}")
        for name, count in counts.most_common():
            print(f"{count:8}  {name}")
    print(f"\nseed {number} · slowest {report.slowest:.2f} s · memory grew by {report.growth:.0f} MB")
    for index, (what, data) in enumerate(report.faults):
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{number}-{index}.frame"
        path.write_bytes(data)
        print(f"FAULT {what}: {path}", file=sys.stderr)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
