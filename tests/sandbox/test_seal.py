"""Student code that replaces what grading relies on is told so; honest code is not."""

from __future__ import annotations

import pytest
import torch

from support.checking import SubmissionError
from support.failures import Replaced
from support.reports import recorded_by, shown_to
from tests.sandbox.conftest import Submit

REPLACED = {
    "torch.Tensor.device": "torch.Tensor.device = property(lambda self: torch.device('cuda'))",
    "torch.Tensor.grad": "torch.Tensor.grad = None",
    "torch.Tensor.requires_grad": "torch.Tensor.requires_grad = False",
    "torch.Tensor.tolist": "torch.Tensor.tolist = lambda self: []",
    "torch.Tensor.backward": "torch.Tensor.backward = lambda self: None",
    "torch.Tensor.__eq__": "torch.Tensor.__eq__ = lambda a, b: True",
    "torch.equal": "torch.equal = lambda a, b: True",
    "torch.zeros_like": "del torch.zeros_like",
    "torch.len": "torch.len = lambda value: 0",
    "torch._tensor.isinstance": "torch._tensor.isinstance = lambda *a: True; del torch._tensor.annotations",
    "torch.nn.modules.linear.F": "torch.nn.modules.linear.F = None",
    "the names of torch.nn.functional": "vars(torch.nn.functional)[Odd('isinstance')] = 1",
    "torch.autograd.backward": "torch.autograd.backward = lambda *a, **k: None",
    "torch.nn.Module.__call__": "torch.nn.Module.__call__ = lambda self, *a: None",
    "torch.nn.Module.train": "torch.nn.Module.train = lambda self, mode=True: self",
    "torch.nn.Linear.forward": "torch.nn.Linear.forward = lambda self, x: x",
    "torch.nn.functional": "torch.nn.functional = torch",
    "torch.Generator": "torch.Generator = object",
    "builtins.sorted": "import builtins; builtins.sorted = lambda *a, **k: []",
    "json.load": "import json; json.load = lambda file: {}",
    "json.decoder.JSONDecoder.decode": "import json; json.JSONDecoder.decode = lambda self, text: {}",
    "json.decoder.JSONDecoder.scan_once": "import json; json.JSONDecoder.scan_once = property(lambda self: None)",
    "socket.socket.recv_into": "import socket; socket.socket.recv_into = lambda self, view: 1",
    "contextlib.suppress.__exit__": "import contextlib; contextlib.suppress.__exit__ = lambda *a: True",
    "operator.is_": "import operator; operator.is_ = lambda a, b: True",
    "builtins.map": "import builtins; builtins.map = lambda *a: []",
    "gc.disable": "import gc; gc.disable = lambda: None",
    "os.urandom": "import os; os.urandom = bytes",
    "torch.set_grad_enabled.__init__": "torch.set_grad_enabled.__init__ = lambda self, mode: None",
    "torch.nn.Module._parameters": "torch.nn.Module._parameters = property(lambda self: {})",
    "torch.nn.Linear.weight": "torch.nn.Linear.weight = property(lambda self: None)",
    "numpy.prod": "import numpy; numpy.prod = list",
    "safetensors.torch._getdtype": "import safetensors.torch; safetensors.torch._getdtype = lambda name: None",
    "safetensors.torch.load": "import safetensors.torch; safetensors.torch.load = lambda *a: {}",
    "support.device_probes.place": "PROBES['place_of_result'].steps.__globals__['place'] = lambda value: 'gpu'",
    "support.stub_models.Bigram.forward": "PROBES['bigram'].__globals__['Bigram'].forward = lambda self, x: x",
    "support.stub_models.isinstance": "PROBES['bigram'].__globals__['isinstance'] = lambda a, b: True",
    "autograder.sandbox.codec.Encoder.encode": "of('Encoder').encode = lambda *a: None",
    "autograder.sandbox.wire.Channel._polls": "of('Channel')._polls = property(lambda self: {})",
    "autograder.sandbox.worker.Server.answer": "of('Server').answer = lambda self, h, b: ({}, b'')",
    "what PyTorch's functions do": "Lying().__enter__()",
    "what PyTorch's operators do": "Dispatching().__enter__()",
}
PRELUDE = """
import sys, torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

class Lying(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

class Dispatching(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

class Odd(str):
    __hash__ = str.__hash__
    def __eq__(self, other):
        raise RuntimeError("somebody looked up a name")

def frames():
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back

def of(name):
    return next(frame.f_globals[name] for frame in frames() if name in frame.f_globals)

class Probes:
    def __getitem__(self, name):
        return getattr(of("BESIDE")["probes"], name)

PROBES = Probes()

def honest(x):
    return x + 1

def replace():
    {line}
    return 1
"""
HONEST = """
import functools, gc, io, json, random, sys, warnings
import numpy as np
import torch
from torch import nn

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
torch.set_default_device("cpu")
torch.set_num_threads(1)
torch.set_printoptions(precision=3)
torch.autograd.set_detect_anomaly(False)
np.random.seed(3)
warnings.simplefilter("ignore")
warnings.warn = lambda *a, **k: None
sys.stdout = io.StringIO()
torch.Tensor.times_two = lambda self: 2 * self
torch.my_own = 3

class Base(nn.Linear):
    pass

Base.forward = lambda self, x: x
print = functools.partial(print, flush=True)

def logged(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner

class Own(torch.Tensor):
    def __eq__(self, other):
        return True

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * x

    @staticmethod
    def backward(ctx, gradient):
        return gradient

@logged
def work(x):
    import matplotlib.pyplot
    import torch.distributions
    import torch.utils.checkpoint
    import torch.utils.data
    model = nn.Sequential(nn.Linear(3, 3), Base(3, 3), nn.TransformerEncoderLayer(3, 1, 8, batch_first=True))
    model.register_forward_hook(lambda *a: None)
    for kind in (torch.optim.AdamW, torch.optim.SGD):
        optimizer = kind(model.parameters(), lr=0.1)
        torch.optim.lr_scheduler.StepLR(optimizer, 1)
        Square.apply(model(x)).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.inference_mode(), torch.random.fork_rng():
        torch.func.vmap(torch.sum)(x)
    torch.compile(nn.Linear(3, 3), backend="eager")(x)
    torch._dynamo.optimize("eager")(nn.Linear(3, 3))(x)
    torch.einsum("ij,kj->ik", x, x).as_subclass(Own)
    return x

def changes_the_default():
    torch.set_default_dtype(torch.float32)
"""


@pytest.mark.parametrize(("name", "line"), REPLACED.items())
def test_what_was_replaced_is_named(name: str, line: str, submit: Submit) -> None:
    submission = submit(PRELUDE.replace("{line}", line))
    assert submission.model.honest(1) == 2
    with pytest.raises(Replaced) as caught:
        submission.model.replace()
    assert caught.value.message.startswith(f"your code replaces {name}")
    assert caught.value.message.endswith(", which grading relies on; define something of your own instead")
    with pytest.raises(SubmissionError):
        submission.probes.place_of_result(submission.model.honest, [torch.ones(1)], "cpu")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("torch.nn.functional.embedding", "torch.nn.functional.embedding.__code__ = (lambda *a, **k: None).__code__"),
        ("torch.nn.functional.layer_norm", "torch.nn.functional.layer_norm.__defaults__ = (None, None, 9.0)"),
        ("torch.nn.functional.embedding", "del torch.nn.functional.embedding.__defaults__"),
        ("support.probes.get_parameters", "PROBES['get_parameters'].__code__ = (lambda module: {}).__code__"),
    ],
)
def test_the_code_of_what_grading_relies_on_cannot_be_exchanged(name: str, line: str, submit: Submit) -> None:
    submission = submit(PRELUDE.replace("{line}", line))
    with pytest.raises(SubmissionError, match=f"Refused: your code replaces {name}, which grading relies on"):
        submission.model.replace()
    assert submission.model.honest(1) == 2


@pytest.mark.parametrize(
    "line",
    [
        "import builtins; builtins.isinstance = lambda a, b: True",
        "import json; json.dumps = lambda *a, **k: '{}'",
        "import json; json.loads = lambda *a, **k: {}",
        "import builtins; builtins.all = lambda *a: True; builtins.map = list; torch.equal = max",
    ],
)
def test_what_writes_the_answer_itself_spoils_only_the_answer(line: str, submit: Submit) -> None:
    submission = submit(PRELUDE.replace("{line}", line))

    def ask() -> None:
        submission.model.replace()
        submission.model.honest(1)

    with pytest.raises(SubmissionError):
        ask()


def test_a_probe_is_not_run_when_something_is_replaced_only_meanwhile(submit: Submit) -> None:
    source = """
        import torch
        real = torch.autograd.backward
        def forward(x):
            torch.autograd.backward = real
            return x
        class Late:
            def __del__(self):
                torch.autograd.backward = lambda *a: None
        def late():
            return Late()
    """
    submission = submit(source)
    held = submission.model.late()
    del held  # the worker lets go of it in the next turn of student code
    with pytest.raises(Replaced, match=r"torch\.autograd\.backward"):
        submission.probes.gradients(submission.model.forward, torch.ones(2), torch.ones(2))


def test_honest_code_does_not_notice(submit: Submit) -> None:
    submission = submit(HONEST)
    x = torch.ones(4, 3)
    submission.model.changes_the_default()
    assert torch.equal(submission.model.work(x), x)
    assert torch.equal(submission.model.work(x), x)
    assert submission.probes.place_of_result(submission.model.work, [torch.ones(4, 3)], "cpu") == "cpu"


@pytest.mark.parametrize(
    "line",
    [
        "import gc; gc.get_objects()",
        "import gc, torch; torch.utils._pytree.tree_map(gc.get_objects, [None])",
        "import gc, threading; threading.Thread(target=gc.get_referrers, args=[1]).run()",
        "import sys; sys._current_frames()",
    ],
)
def test_frames_and_objects_of_others_are_refused(line: str, submit: Submit) -> None:
    submission = submit(f"def replace():\n    {line}\n    return 1\n")
    with pytest.raises(SubmissionError, match="which shows more than its own objects"):
        submission.model.replace()


def test_a_seal_is_in_no_frame_under_the_submission(submit: Submit) -> None:
    """Every object that can be reached from the frames, through attributes, cells and containers."""
    source = (
        PRELUDE.replace("{line}", "pass")
        + """
import types

def reached():
    todo = [value for frame in frames() for value in (*frame.f_locals.values(), *frame.f_globals.values())]
    seen, names = set(), set()
    while todo and len(seen) < 200_000:
        value = todo.pop()
        if id(value) in seen or isinstance(value, (str, int, float, torch.Tensor)):
            continue
        seen.add(id(value))
        if isinstance(value, types.FunctionType):
            names.add(value.__qualname__)
            todo += [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
            todo += value.__globals__.values()
        elif isinstance(value, types.MethodType):
            todo += [value.__func__, value.__self__]
        elif isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, (list, tuple)):
            todo += value
        elif isinstance(value, types.ModuleType) and value.__name__.startswith(("autograder", "support", "__main__")):
            todo += vars(value).values()
        elif isinstance(value, type) and str(value.__module__).startswith(("autograder", "support")):
            todo += vars(value).values()
        elif str(type(value).__module__).startswith(("autograder", "support")) and hasattr(value, "__dict__"):
            todo += vars(value).values()
    return sorted(name for name in names if name)
"""
    )
    names = set(submit(source).model.reached())
    assert {"Server.answer", "conversation", "main", "Channel.send", "signature"} <= names
    assert not {name for name in names if name.startswith(("conversation.", "take.", "_namespace", "_modes"))}


@pytest.mark.parametrize(
    "change",
    [
        "of('BESIDE')['probes'] = None",
        "of('describe').__globals__['_KNOWN']['ValueError'] = Odd",
        "of('Encoder').encode.__globals__['DTYPES'].clear()",
        "of('BESIDE')['probes'].watch_generate.steps = None",
        "of('BESIDE')['probes'].watch_generate.__closure__[0].cell_contents = None",
        "of('BESIDE')['probes'].doubles.Head.forward = None",
        "of('BESIDE')['probes'].STEPS.clear()",
        "of('Channel').send.__globals__['_DECODER'].parse_float = None",
        "of('Channel').send.__globals__['_DECODER'].__dict__ = {}",
        "of('Channel').send.__globals__['_DECODER'].__class__ = Odder",
    ],
)
def test_what_our_own_data_hold_is_sealed(change: str, submit: Submit) -> None:
    source = f"""
        import sys
        import json
        class Odd(Exception):
            pass
        class Odder(json.JSONDecoder):
            pass
        def of(name):
            frame = sys._getframe()
            while name not in frame.f_globals:
                frame = frame.f_back
            return frame.f_globals[name]
        def replace():
            {change}
    """
    with pytest.raises(Replaced, match="grading relies on"):
        submit(source).model.replace()


def test_a_ban_is_not_ended_by_whom_it_is_for(submit: Submit) -> None:
    source = """
        import torch
        from torch.nn import functional as F
        from torch.overrides import _pop_mode
        def attend(x):
            return F.scaled_dot_product_attention(x, x, x)
        def attend_after(x):
            _pop_mode()
            return attend(x)
    """
    submission = submit(source)
    x = torch.ones(1, 2, 3)
    submission.probes.forbid(["F.scaled_dot_product_attention"])
    with pytest.raises(SubmissionError, match="is not allowed in this course"):
        submission.model.attend(x)
    with pytest.raises(Replaced, match="what is not allowed in this course, by ending the mode that refuses it"):
        submission.model.attend_after(x)


def test_probes_cannot_be_imported(submit: Submit) -> None:
    with pytest.raises(SubmissionError, match="No module named 'support'"):
        submit("import support.probes").model.anything()


def test_what_was_seen_of_a_model_is_not_kept_in_it(submit: Submit) -> None:
    source = """
        import copy, torch
        def run(model, window):
            copy.deepcopy(model)(window)
            model(window)
            for name, value in list(vars(model).items()):
                if isinstance(value, list):
                    setattr(model, name, [])
            model.__class__ = type("Other", (type(model),), {"__hash__": lambda self: 1, "shown": []})
    """
    submission = submit(source)
    model = submission.probes.bigram(torch.zeros(2, 2))
    submission.model.run(model, torch.ones(1, 1, dtype=torch.int64))
    assert [window.tolist() for window in shown_to(submission, model)] == [[[1]]]
    assert recorded_by(submission, model) == [True]
