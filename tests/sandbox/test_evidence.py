"""What probes report of a submission is out of its reach while it runs: it loses what it does not do."""

from __future__ import annotations

import pytest
import torch

from support.checking import SubmissionError
from support.failures import BadReply
from support.reports import generated, inputs_after, place_of_result
from tests.sandbox.conftest import Submit

# A model that, while it generates, records gradients, spoils the prompt, shows too much, and goes into another mode.
MODEL = """
import copy, gc, json, signal, sys, threading, time, types, weakref
import torch
from torch import nn

def frames():
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back

class Part(nn.Module):
    def generate(self, tokens, num_tokens, generator=None):
        return generate(self, tokens, num_tokens)

def dishonest(self, tokens, num_tokens, seen=lambda tokens: tokens):
    begin = tokens
    for _ in range(num_tokens):
        logits = self(seen(torch.cat([begin * 0, tokens], dim=1)))[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    begin.zero_()
    self.eval()
    return tokens

"""
LIES = {
    "the probe's locals": """
def generate(self, tokens, num_tokens):
    tokens = dishonest(self, tokens, num_tokens)
    for frame in frames():
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, list) and name in ("shown", "recorded"):
                value[:] = [False for _ in value]
    return tokens
""",
    "the notes on the model": """
def generate(self, tokens, num_tokens):
    tokens = dishonest(self, tokens, num_tokens)
    scores = self.forward.__self__
    for value in [*type(scores).forward.__globals__.values(), *vars(scores).values()]:
        if isinstance(value, (dict, weakref.WeakKeyDictionary)):
            for notes in [found for found in value.values() if isinstance(found, (list, tuple))]:
                [part.clear() for part in notes if isinstance(part, list)]
    begin, find = (type(scores).forward.__globals__.get(name) for name in ("_begin_notes", "_notes_at"))
    if begin is not None:
        made_up = []
        begin(id(scores), (made_up.append, made_up.copy, scores))
        [getattr(part, "clear", lambda: None)() for part in find(id(scores))[:2]]
        [getattr(part, "cache_clear", lambda: None)() for part in find(id(scores))[:2]]
        [part.__self__.clear() for part in find(id(scores))[:2] if hasattr(part, "__self__")]
        [part.__wrapped__.__self__.clear() for part in find(id(scores))[:2] if hasattr(part, "__wrapped__")]
    return tokens
""",
    "the server's methods": """
def generate(self, tokens, num_tokens):
    tokens = dishonest(self, tokens, num_tokens)
    for frame in frames():
        server = frame.f_locals.get("self")
        if type(server).__name__ == "Server" and "_run" not in vars(server):
            run = server._run
            def lie(header, body):
                report = run(header, body)
                return {**report, "recorded": False, "modes": [True]} if isinstance(report, dict) else report
            server._run = lie
    return tokens
""",
    "what requests may name": """
def generate(self, tokens, num_tokens):
    tokens = dishonest(self, tokens, num_tokens)
    for frame in frames():
        for value in list(frame.f_globals.values()):
            beside = getattr(getattr(value, "__globals__", None) and value.__globals__.get("BESIDE"), "copy", None)
            if beside is not None:
                real = value.__globals__["BESIDE"]["probes"]
                def lie(*args, **kwargs):
                    report = real.watch_generate(*args, **kwargs)
                    return {**report, "recorded": False, "modes": [True], "prompt": args[2], "shown": []}
                fake = types.SimpleNamespace(**vars(real))
                fake.watch_generate = lie
                value.__globals__["BESIDE"]["probes"] = fake
    return tokens
""",
    "a trace in the probe": """
def generate(self, tokens, num_tokens):
    def changed(frame, event, argument):
        for name, honest in (("recorded", False), ("result", None)):
            if name in frame.f_locals and frame.f_code.co_name == "watch_generate" and honest is not None:
                frame.f_locals[name] = honest
        if "scores" in frame.f_locals and frame.f_code.co_name == "watch_generate":
            frame.f_locals["scores"] = types.SimpleNamespace(shown=[], recorded=[])
        if event == "return" and frame.f_code.co_name == "watch_generate":
            sys.settrace(None)
        return changed
    tokens = dishonest(self, tokens, num_tokens)
    for frame in frames():
        frame.f_trace = changed
    sys.settrace(changed)
    return tokens
""",
    "windows that are shown otherwise": """
class Window(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
        if func.__name__ in ("detach", "cpu", "clone") and isinstance(result, torch.Tensor):
            return result[:, :0].as_subclass(cls)
        return result

def generate(self, tokens, num_tokens):
    return dishonest(self, tokens, num_tokens, lambda window: window.as_subclass(Window))
""",
    "a result that puts things back": """
def generate(self, tokens, num_tokens):
    kept, prompt = tokens.clone(), tokens
    class Result(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            prompt.copy_(kept)
            self.train()
            return super().__torch_function__(func, types, args, kwargs or {})
    return dishonest(self, tokens, num_tokens).as_subclass(Result)
""",
    "a prompt of another class": """
class Prompt(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return cls.kept

def generate(self, tokens, num_tokens):
    Prompt.kept, prompt = tokens.clone(), tokens
    tokens = dishonest(self, tokens, num_tokens)
    prompt.__class__ = Prompt
    return tokens
""",
    "a model that is not asked": """
def generate(self, tokens, num_tokens):
    scores, begin = self.forward.__self__, tokens
    notes = type(scores).forward.__globals__["_notes_at"](id(scores))
    for _ in range(num_tokens):
        logits = torch.nn.functional.embedding(tokens, scores.table)[:, -1]
        notes[0]((tokens.clone(), False))
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    begin.zero_()
    self.eval()
    return tokens
""",
    "the scores' frame is looked into": """
def look(*_):
    for frame in frames():
        for name, value in list(frame.f_locals.items()):
            if name in ("pages", "table"):
                value.clear() if name == "pages" else value.zero_()
    return look

def generate(self, tokens, num_tokens):
    gc.callbacks.append(look)
    gc.set_threshold(1, 1, 1)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1e-5, 1e-5)
    sys.settrace(look)
    sys.setprofile(look)
    try:
        return dishonest(self, tokens, num_tokens)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(None)
        sys.setprofile(None)
        gc.callbacks.clear()
""",
    "a thread that waits for the probe to look": """
def generate(self, tokens, num_tokens):
    ended, names = threading.Event(), self.forward.__globals__
    real = {name: names[name] for name in ("numbers", "modules_of", "attributes_of")}
    kept = tokens.clone()
    def toggle():
        sys.setswitchinterval(1e-6)
        ended.wait()
        for _ in range(300):
            names.update(numbers=lambda tensor: kept, modules_of=lambda model: [], attributes_of=lambda model: {})
            time.sleep(0)
            names.update(real)
            time.sleep(0)
    threading.Thread(target=toggle, daemon=True).start()
    tokens = dishonest(self, tokens, num_tokens)
    ended.set()
    return tokens
""",
    "modules that are not listed": """
Part.modules = lambda self: iter(())
Part.named_modules = lambda self: iter(())

def generate(self, tokens, num_tokens):
    return dishonest(self, tokens, num_tokens)
""",
    "the garbage collector looks": """
def look(phase, info):
    for frame in frames():
        for name, value in list(frame.f_locals.items()):
            if name in ("key", "broken", "reply", "report", "shown", "recorded", "modes"):
                if isinstance(value, list):
                    value.clear()

def generate(self, tokens, num_tokens):
    gc.callbacks.append(look)
    gc.set_threshold(1, 1, 1)
    return dishonest(self, tokens, num_tokens)
""",
    "what was replaced is put back later": """
def generate(self, tokens, num_tokens):
    real, cpu = torch.Tensor.clone, torch.Tensor.cpu
    class Result(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            torch.Tensor.clone, torch.Tensor.cpu = real, cpu
            return super().__torch_function__(func, types, args, kwargs or {})
    kept = tokens.clone()
    tokens = dishonest(self, tokens, num_tokens)
    torch.Tensor.cpu = torch.Tensor.clone = lambda self, *a, **k: kept
    return tokens.as_subclass(Result)
""",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_was_seen_cannot_be_told_otherwise(lie: str, submit: Submit) -> None:
    submission = submit(MODEL + lie)
    model = submission.model.Part()
    table, prompt = 9 * torch.eye(5).roll(1, dims=1), torch.tensor([[1, 2]])
    try:
        for _ in range(2):  # what is exchanged in one call may lie in the next one
            seen = generated(submission, model, table, prompt, 3)
    except (SubmissionError, BadReply):
        return
    assert seen.recorded is True
    assert False in seen.modes
    assert not torch.equal(seen.prompt, prompt)
    assert [tuple(window.shape) for window in seen.shown] == [(1, 4), (1, 5), (1, 6)]


def test_inputs_are_looked_at_as_they_were_left(submit: Submit) -> None:
    source = """
        import torch
        def f(x):
            kept = x.clone()
            class Result(torch.Tensor):
                @classmethod
                def __torch_function__(cls, func, types, args=(), kwargs=None):
                    x.copy_(kept)
                    return super().__torch_function__(func, types, args, kwargs or {})
            result = x.add_(1).clone().as_subclass(Result)
            return result
    """
    submission = submit(source)
    [after] = inputs_after(submission, submission.model.f, torch.zeros(2))
    assert after.tolist() == [1, 1]


HONEST = """
import contextlib, copy, functools, logging, random, sys, threading, time
from dataclasses import dataclass, field
import torch
from torch import nn
from tqdm import tqdm
from tqdm.auto import trange

logging.basicConfig(level="INFO")
sys.setrecursionlimit(3000)

@dataclass
class Kept:
    losses: list = field(default_factory=list)

@functools.cache
def size(name):
    return len(name)

class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, by):
        ctx.by = by
        return x * by

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.by, None

@contextlib.contextmanager
def evaluating(model):
    mode = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(mode)

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.apply(lambda part: None)

    def forward(self, tokens):
        return self.linear(tokens.float())

    @torch.no_grad()
    def generate(self, tokens, num_tokens, generator=None):
        spinning = threading.Event()
        spinner = threading.Thread(target=lambda: [time.sleep(0.001) for _ in iter(spinning.is_set, True)], daemon=True)
        spinner.start()
        handle = nn.modules.module.register_module_forward_hook(lambda *args: None)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        state = copy.deepcopy(self.state_dict())
        copy.deepcopy(self)
        with evaluating(self), torch.random.fork_rng():
            for _ in tqdm(range(num_tokens), desc="sampling", leave=False):
                probs = self(tokens[:, -4:])[:, -1].softmax(-1)
                tokens = torch.cat([tokens, torch.multinomial(probs, 1, generator=generator)], dim=1)
        self.load_state_dict(state)
        torch.set_default_dtype(before)
        handle.remove()
        spinning.set()
        spinner.join()
        logging.getLogger(__name__).info("generated %d", size("some"))
        return tokens

def scale(x):
    hook = x.register_hook(lambda gradient: gradient) if x.requires_grad else None
    out = Scale.apply(x, 3.0)
    Kept().losses.append(random.random())
    for _ in trange(2):
        pass
    return out
"""


def test_honest_ways_to_write_are_not_noticed(submit: Submit) -> None:
    submission = submit(HONEST)
    prompt = torch.tensor([[1, 2]])
    seen = generated(submission, submission.model.Model(), 9 * torch.eye(5).roll(1, dims=1), prompt, 3, seed=1)
    assert torch.equal(seen.result, torch.tensor([[1, 2, 3, 4, 0]]))
    assert (seen.recorded, seen.modes, seen.device) == (False, [True, True], "cpu")
    assert torch.equal(seen.prompt, prompt)
    assert [window.tolist() for window in seen.shown] == [[[1, 2]], [[1, 2, 3]], [[1, 2, 3, 4]]]
    x = torch.ones(2)
    assert torch.equal(submission.probes.gradients(submission.model.scale, x, x), 3 * x)
    assert place_of_result(submission, submission.model.scale, [x], "cpu") == "cpu"
