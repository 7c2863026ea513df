"""While student code runs, and when what it made dies, nothing of what answers it is in its sight."""

from __future__ import annotations

import pytest
import torch

from support.checking import SubmissionError
from support.failures import Replaced
from support.reports import inputs_after
from tests.sandbox.conftest import Submit


@pytest.mark.parametrize("kind", ["trace", "profile"])
def test_a_trace_sees_nothing_of_what_comes_after_the_submission(kind: str, submit: Submit) -> None:
    source = f"""
        import sys
        seen = set()
        def see(frame, event, argument):
            seen.update(frame.f_locals)
            return see
        def own(known): return known
        def f():
            sys.set{kind}(see)
            own(1)
        def g(): return sorted(seen)
    """
    submission = submit(source)
    with pytest.raises(Replaced, match="what Python's functions do"):
        submission.model.f()
    seen = set(submission.model.g())
    around = {"function", "args", "kwargs", "left", "path", "value", "depth"}  # what is called, and what it returned
    assert seen - around == {"known"}  # that is its own


def test_a_handler_sees_nothing_of_what_comes_after_the_submission(submit: Submit) -> None:
    source = """
        import signal, time
        seen = set()
        def see(number, frame):
            while frame is not None:
                seen.update(frame.f_locals)
                frame = frame.f_back
        def f():
            signal.signal(signal.SIGALRM, see)
            signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
            time.sleep(0.01)
            return [0.5] * 20_000
        def g(): return sorted(seen)
    """
    submission = submit(source)
    for _ in range(30):
        assert len(submission.model.f()) == 20_000
    seen = set(submission.model.g())
    assert {"function", "value"} <= seen
    assert {"header", "blob", "key", "broken", "server", "encoder"} & seen == set()


KEYS = """
import json, sys

found = set()

def looking(real):
    def look(*args, **kwargs):
        frame = sys._getframe()
        while frame is not None:
            found.update(name for name in frame.f_locals if name in ("key", "broken", "server"))
            frame = frame.f_back
        return real(*args, **kwargs)
    return look

real = json.dumps, json.loads

def replace():
    json.dumps, json.loads = map(looking, real)

def stolen():
    json.dumps, json.loads = real
    return sorted(found)
"""


def test_a_worker_in_which_something_is_replaced_has_no_secrets_any_more(submit: Submit) -> None:
    submission = submit(KEYS)
    for ask in (submission.model.replace, submission.model.stolen, submission.model.stolen):
        with pytest.raises(Replaced):
            ask()


LOOKING_WHILE_ANSWERS_ARE_WRITTEN = """
import builtins, json, sys

found, real = set(), {}

def looking(owner, name):
    real[owner, name] = getattr(owner, name)
    def look(*args, **kwargs):
        frame = sys._getframe()
        while frame is not None and "server" not in frame.f_locals:
            frame = frame.f_back
        if frame is not None:
            found.update(frame.f_locals)
            put_back()
        return real[owner, name](*args, **kwargs)
    setattr(owner, name, look)

def put_back():
    for (owner, name), value in real.items():
        setattr(owner, name, value)

def f(x):
    looking(builtins, "isinstance")
    looking(builtins, "len")
    looking(json, "dumps")
    return [1, 2]

def seen():
    put_back()
    return sorted(found)
"""


def test_what_writes_an_answer_is_looked_at_before_it_is_used(submit: Submit) -> None:
    submission = submit(LOOKING_WHILE_ANSWERS_ARE_WRITTEN)
    for ask in (submission.model.f, submission.model.seen):
        with pytest.raises(Replaced, match=r"your code replaces (builtins|json)\."):
            ask(torch.ones(2))


DYING = """
import gc
import sys
import torch

found, died = set(), []

def look(*_):
    died.append(1)
    frame = sys._getframe()
    while frame is not None:
        found.update(frame.f_locals)
        frame = frame.f_back

class Looking:
    __del__ = look

class Odd(list, Looking):
    pass

class Meta(type):
    __name__ = property(lambda cls: look() or "Odd")

class Failing(Exception, metaclass=Meta):
    __traceback__ = property(lambda self: raised())

def raised():
    raise Failing

def f(x):
    x.looking = Looking()
    out = x + 1
    out.looking = Looking()
    return out

def g():
    return Odd([1, 2])

def h():
    error = Failing()
    error.looking = Looking()
    raise error

def seen():
    gc.collect()
    return sorted(found), len(died)
"""


def test_what_dies_sees_nothing(submit: Submit) -> None:
    submission = submit(DYING)
    for _ in range(2):
        assert submission.model.g() == [1, 2]
        submission.model.f(torch.ones(2))
        assert inputs_after(submission, submission.model.f, torch.ones(2))[0].tolist() == [1, 1]
        with pytest.raises(SubmissionError):
            submission.model.h()
    found, died = submission.model.seen()
    assert died > 8
    assert {"key", "broken", "server", "encoder", "header", "blob", "report"} & set(found) == set()
