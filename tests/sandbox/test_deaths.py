"""Whatever a submission does to its own process costs one call, in bounded time, and leaves no process behind."""

from __future__ import annotations

import contextlib
import gc
import time
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from autograder.sandbox import privileges, replies
from autograder.sandbox.limits import MIB, Limits
from support.checking import BadReply, CallTimedOut, OutOfMemory, SubmissionError, WorkerDied
from tests.sandbox.conftest import Submit, kind_of

linux = pytest.mark.skipif(not privileges.LINUX, reason="needs Linux")
root = pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux")


def as_if_it_knew_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "require_signature", lambda *_: None)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("os._exit(0)", WorkerDied, "ended with exit status 0"),
        ("os._exit(7)", WorkerDied, "ended with exit status 7"),
        ("ctypes.string_at(0)", WorkerDied, "invalid memory access"),
        ("os.abort()", WorkerDied, "aborted"),
        ("os.kill(os.getpid(), 9)", WorkerDied, "was killed"),
        ("os.kill(os.getpid(), 10)", WorkerDied, "signal 10"),
        ("os.close(3); time.sleep(60)", WorkerDied, "closed the connection"),
        ("os.closerange(0, 99)", WorkerDied, "exit status"),
        ("os.write(3, b'rubbish' * 9); time.sleep(60)", BadReply, "do not begin a frame"),
        (
            "os.write(3, b'CLM2' + b'\\xff' * 40); time.sleep(60)",
            BadReply,
            "of tensors are too much, 16.8 MB are allowed",
        ),
        ("forge({'id': 1, 'value': 'a' * 2**20}); time.sleep(60)", BadReply, "1.0 MB of plain values are too much"),
        ("return torch.zeros(5 * 10**6)", SubmissionError, "20.0 MB of tensors are too much, 16.8 MB are allowed"),
        ("return 'a' * 2**21", SubmissionError, "2.1 MB of plain values are too much, 1.0 MB are allowed"),
        ("return [torch.ones(())] * 30_000", SubmissionError, "30000 tensors at once"),
        ("return [[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]", BadReply, "nested too deeply"),
        ("forge({'id': 0, 'value': 1})", BadReply, "another request"),
        ("forge({'id': 1, 'value': 1, 'passed': True})", BadReply, "other fields"),
        ("forge({'id': True, 'value': 1})", BadReply, "another request"),
        ("forge({'id': 1, 'value': {'tensor': 0}})", BadReply, "not sent"),
        ("forge({'id': 1, 'value': {'object': ['a', 'b']}})", BadReply, "unknown kind"),
        ("forge({'id': 1, 'error': {'types': [], 'message': '', 'where': ''}})", BadReply, "without a type"),
        ("forge({'id': 1, 'error': {'types': ['E'], 'message': 3, 'where': ''}})", BadReply, "without text"),
        ("forge({'id': 1, 'value': {'list': []}}, b'\\0' * 16)", BadReply, "tensors cannot be read"),
        ("bytearray(10**11)", OutOfMemory, ""),
        ("torch.ones(10**11)", OutOfMemory, "memory"),
        ("hog()", OutOfMemory, ""),
    ],
)
@linux
def test_one_call_is_lost_and_the_next_is_served(
    submit: Submit, body: str, kind: type[SubmissionError], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_if_it_knew_the_key(monkeypatch)
    source = f"""
        import ctypes, json, os, struct, time, torch
        def forge(header, body=b""):
            text = json.dumps(header).encode()
            os.write(3, struct.pack(">4sIQ16s", b"CLM2", len(text), len(body), b"") + text + body)
            time.sleep(60)
        def hog():
            kept = []
            while True: kept.append([0.0] * 10**6)
        def f(): {body}
        def g(): return "fine"
    """
    submission = submit(source, limits=Limits(seconds=8, memory=700 * MIB))
    began = time.monotonic()
    found, message = kind_of(submission.model.f)
    assert issubclass(found, kind), message
    assert said in message
    assert time.monotonic() - began < 6
    assert submission.model.g() == "fine"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "ignore()\n    while True: pass",
        "ignore()\n    time.sleep(60)",
        "while True: print('x' * 10**6)",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "return Endless()",
        "list(map(sum, [range(10**12)]))",
    ],
)
def test_a_call_without_end_is_killed_in_time(submit: Submit, body: str) -> None:
    source = f"""
import os, signal, time
def ignore():
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP): signal.signal(number, signal.SIG_IGN)
class Endless(dict):
    def items(self):
        while True: yield "a", 1
def g(): return "fine"
def f():
    {body}
"""
    submission = submit(source, limits=Limits(seconds=0.5))
    began = time.monotonic()
    found, message = kind_of(submission.model.f)
    assert found is CallTimedOut
    assert message == "no answer within 0.5 seconds"
    assert time.monotonic() - began < 2
    submission.session.fresh()
    assert submission.model.g() == "fine"


def test_every_worker_is_prepared_before_it_imports_student_code(submit: Submit) -> None:
    source = """
        import os, torch
        from torch.nn import functional as F
        torch.ones(2, requires_grad=True).sum().backward()
        def die(): os._exit(0)
        def attend(x): return F.scaled_dot_product_attention(x, x, x)
        def same(x): return x
    """
    submission = submit(source)
    forbidden = ["F.scaled_dot_product_attention"]
    submission.session.fresh(preparation=[("forbid", (forbidden,)), ("make_available", ("gpu",))])
    assert kind_of(submission.model.die)[0] is WorkerDied
    assert "is not allowed" in kind_of(lambda: submission.model.attend(torch.ones(1, 2, 3)))[1]
    assert submission.probes.place_of_result(submission.model.same, [torch.ones(2)], "gpu") == "gpu"
    submission.session.fresh()
    assert submission.model.attend(torch.ones(1, 2, 3)).shape == (1, 2, 3)


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next(submit: Submit) -> None:
    source = """
        import json, os, struct, threading, time
        def late():
            def forge():
                time.sleep(0.05)
                text = json.dumps({"id": 2, "value": "forged"}).encode()
                os.write(3, struct.pack(">4sIQ16s", b"CLM2", len(text), 0, b"") + text)
            threading.Thread(target=forge).start()
        def g(): return "honest"
    """
    submission = submit(source)
    submission.model.late()
    time.sleep(0.3)
    assert kind_of(submission.model.g) == (
        BadReply,
        "the submission's process sent no valid answer: an answer that nobody asked for",
    )
    assert submission.model.g() == "honest"


def test_answers_that_are_too_much_to_send_back_are_the_submissions_fault(submit: Submit) -> None:
    submission = submit("import torch\ndef large(): return torch.zeros(2**22 - 100)\ndef count(x): return len(x)")
    answers = [submission.model.large() for _ in range(5)]
    found, message = kind_of(lambda: submission.model.count(answers))
    assert found is SubmissionError
    assert message == (
        "its earlier answers cannot be sent back to it: 83.9 MB of tensors are too much, 67.1 MB are allowed"
    )
    assert submission.model.count(answers[:3]) == 3


@pytest.mark.parametrize(
    ("reply", "signature", "said"),
    [
        ({"value": 1}, b"", "an answer that is not signed"),
        ({"error": {"types": ["ValueError"], "message": "", "where": ""}}, b"", "an answer that is not signed"),
        ({"value": 1}, b"0" * 16, "an answer with a signature that is not the worker's"),
        ({"value": 1}, bytes(15) + b"1", "an answer with a signature that is not the worker's"),
    ],
)
def test_only_the_workers_own_answers_count(submit: Submit, reply: dict[str, Any], signature: bytes, said: str) -> None:
    source = f"""
        import json, os, struct, time
        def f():
            text = json.dumps({{"id": 1, **{reply!r}}}).encode()
            os.write(3, struct.pack(">4sIQ16s", b"CLM2", len(text), 0, {signature!r}) + text)
            time.sleep(60)
    """
    message = f"the submission's process sent no valid answer: {said}"
    assert kind_of(submit(source).model.f) == (BadReply, message)


def test_more_objects_than_a_request_has_room_for_are_released_one_part_after_the_other(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of 19 digits, as many as an answer holds, would make the next requests long."""
    source = """
        import json, os, struct
        def forge():
            objects = [{"object": [2**62 + number, ""]} for number in range(28_000)]
            text = json.dumps({"id": 1, "value": {"list": objects}}, separators=(",", ":")).encode()
            os.set_blocking(3, True)
            os.write(3, struct.pack(">4sIQ16s", b"CLM2", len(text), 0, b"") + text)
            os.read(3, 10)
    """
    as_if_it_knew_the_key(monkeypatch)
    session = submit(source).session
    objects = session.call({"part": "model.forge"}, (), {})
    assert len(objects) == 28_000
    objects.clear()
    sent: list[dict[str, Any]] = []
    channel = SimpleNamespace(
        expect_silence=lambda: None,
        send=lambda header, body, deadline: sent.append(header),
        receive_signed=lambda key, deadline: ({}, b"", True),
    )
    for _ in range(4):
        session._exchange(SimpleNamespace(channel=channel, requests=2, key=b""), {}, b"", 0.0)  # type: ignore[arg-type]
    assert [len(header["release"]) for header in sent] == [10_000, 10_000, 8_000, 0]


def test_an_answer_that_was_an_error_is_not_kept_in_memory(submit: Submit) -> None:
    source = """
        import os, struct, time
        def f():
            text = b'{"id":1,"value":{"tensor":1}}'
            os.set_blocking(3, True)
            os.write(3, struct.pack(">4sIQ16s", b"CLM2", len(text), 2**24, b"") + text + bytes(2**24))
    """
    submission = submit(source)
    gc.disable()
    try:
        submission.model.f()
    except BadReply as error:
        found = weakref.ref(error)
    finally:
        gc.enable()
    assert found() is None


def test_a_worker_that_dies_between_calls_costs_the_next_call(submit: Submit) -> None:
    source = "import os, threading\ndef f(): threading.Timer(0.05, os._exit, [3]).start()"
    submission = submit(source)
    submission.model.f()
    time.sleep(0.3)
    found, message = kind_of(submission.model.f)
    assert found is WorkerDied
    assert "status 3" in message
    submission.model.f()


@linux
@pytest.mark.parametrize("ending", ["return os.getpid()", "os._exit(0)", "while True: pass"])
def test_daemons_do_not_outlive_their_worker(submit: Submit, tmp_path: Path, ending: str) -> None:
    mark = f"daemon-{tmp_path.name}"
    source = f"""
import os, subprocess, sys, time
def f():
    for _ in range(3):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "{mark}"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "{mark}"])
        os._exit(0)
    time.sleep(0.2)
    {ending}
"""
    submission = submit(source, limits=Limits(seconds=1, closed=False))
    with contextlib.suppress(SubmissionError):
        submission.model.f()
    submission.session.fresh()
    assert not [process.pid for process in psutil.process_iter() if mark in " ".join(_command(process))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@root
def test_a_fork_bomb_is_over_with_its_worker(submit: Submit) -> None:
    source = """
        import os
        def f():
            while True:
                try: os.fork()
                except OSError: pass
        def g(): return os.getuid()
    """
    submission = submit(source, limits=Limits(seconds=1, processes=64, closed=False))
    began = time.monotonic()
    assert kind_of(submission.model.f)[0] in (CallTimedOut, BadReply, WorkerDied)
    assert time.monotonic() - began < 5
    submission.session.fresh()
    uid = submission.model.g()
    submission.session.fresh()
    assert not privileges.any_left_of(uid)
