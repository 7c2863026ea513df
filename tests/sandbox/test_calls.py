"""Calls, objects and exceptions of a submission look the same from another process."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch

from autograder.sandbox.codec import Unsendable
from autograder.sandbox.limits import Limits
from support.checking import CallTimedOut, SubmissionError
from tests.sandbox.conftest import Submit


def error_of(call: Callable[[], object]) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("value", [None, True, -3, 2**80, 1.5, "Zoë\n🎭", [1, (2.0, "x")], {"a": [None], 3: ()}])
def test_plain_values_come_back(echo: Callable[[Any], Any], value: object) -> None:
    assert echo(value) == value
    assert type(echo(value)) is type(value)


def test_tensors_come_back(echo: Callable[[Any], Any]) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    for tensor in (base, base.T, base[0].expand(5, 4), torch.tensor(3), torch.zeros(0, 2), base > 3):
        assert torch.equal(echo(tensor), tensor)
        assert torch.equal(echo({"x": [tensor, tensor]})["x"][1], tensor)


def test_a_tensor_of_ten_megabytes_comes_back(echo: Callable[[Any], Any]) -> None:
    tensor = torch.arange(2_500_000, dtype=torch.float32)
    assert torch.equal(echo(tensor), tensor)


def test_keyword_arguments_and_functions_of_the_submission_arrive(submit: Submit) -> None:
    model = submit("def double(x, by=2): return x * by\ndef apply(function, x): return function(x, by=5)").model
    assert model.double(3, by=4) == 12
    assert model.apply(model.double, 3) == 15


def test_modules_are_objects_with_attributes_and_methods(submit: Submit) -> None:
    model = submit(
        "from torch import nn\nclass Twice(nn.Linear):\n    size = 3\n    def forward(self, x): return x * 2"
    ).model
    twice = model.Twice(3, 3)
    assert repr(twice) == "<charlm.model.Twice in the submission>"
    assert twice.size == 3
    assert torch.equal(twice(torch.ones(2)), torch.full((2,), 2.0))
    assert twice.weight.shape == (3, 3)
    twice.load_state_dict({"weight": torch.eye(3), "bias": torch.zeros(3)})
    assert torch.equal(twice.weight, torch.eye(3))
    assert list(twice.state_dict()) == ["weight", "bias"]


def test_a_container_with_an_object_in_it_stays_whole(submit: Submit) -> None:
    model = submit("class Thing: pass\ndef pair(): return [1, Thing()]\ndef count(pair): return len(pair)").model
    pair = model.pair()
    assert repr(pair) == "<builtins.list in the submission>"
    assert model.count(pair) == 2


def test_objects_are_freed_with_their_handles(submit: Submit) -> None:
    source = """
        alive = 0
        class Thing:
            def __init__(self):
                global alive; alive += 1
            def __del__(self):
                global alive; alive -= 1
        def count(): return alive
    """
    model = submit(source).model
    things = [model.Thing() for _ in range(3)]
    assert model.count() == 3
    things.clear()
    gc.collect()
    assert model.count() == 0


def test_probes_run_beside_the_submission(submit: Submit) -> None:
    submission = submit("def f(x): return x.square()")
    gradient = submission.probes.gradients(submission.model.f, torch.tensor([1.0, 3.0]), torch.ones(2))
    assert gradient.tolist() == [2, 6]


def test_an_exception_names_its_classes_message_and_line(submit: Submit) -> None:
    error = error_of(submit("def f(x):\n    y = 1\n    return {}[x]  # here").model.f.__call__)
    assert error.type_names[0] == "TypeError"
    error = error_of(lambda: submit("def f(x):\n    y = 1\n    return {}[x]  # here").model.f("a"))
    assert error.type_names == ["KeyError", "LookupError", "Exception", "BaseException", "object"]
    assert error.message == "'a'"
    assert error.where == "model.py, line 3: return {}[x]  # here"


def test_the_line_is_the_last_one_of_the_student(submit: Submit) -> None:
    error = error_of(lambda: submit("import torch\ndef f():\n    return torch.ones(2) @ torch.ones(3)").model.f())
    assert error.type_names[0] == "RuntimeError"
    assert error.where.startswith("model.py, line 3: ")


def test_stubs_are_told_apart(submit: Submit) -> None:
    assert error_of(lambda: submit("def f(): raise NotImplementedError('problem 8')").model.f()).not_implemented


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("import sys; sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("return f()", "RecursionError"),
        ("return torch.ones(2).to_sparse()", "Unsendable"),
        ("return 1 << 5000", "Unsendable"),
        ("return 'x' * 9_000_000", "Unsendable"),
    ],
)
def test_every_way_to_raise_is_an_error_of_the_submission(submit: Submit, body: str, name: str) -> None:
    model = submit(f"import torch\ndef f(): {body}\ndef g(): return 1").model
    assert error_of(model.f).type_names[0] == name
    assert model.g() == 1


@pytest.mark.parametrize("text", ["raise ValueError", "return 3", "import os; os.kill(os.getpid(), 0); 1/0"])
def test_a_message_that_cannot_be_made_is_replaced(submit: Submit, text: str) -> None:
    model = submit(f"class Odd(Exception):\n    def __str__(self): {text}\ndef f(): raise Odd").model
    error = error_of(model.f)
    assert error.type_names[0] == "Odd"
    assert error.message.startswith("(its message cannot be shown")


def test_messages_are_cut_and_cleaned(submit: Submit) -> None:
    error = error_of(submit("def f(): raise ValueError('\\x1b[31m\\ud800' + 'x' * 10**6)").model.f)
    assert len(error.message) == 500
    assert error.message.startswith("�[31m?xxx")


def test_import_errors_belong_to_the_first_call_of_that_module(submit: Submit) -> None:
    submission = submit(
        "def f(): return 1", data="x = 1\nimport nothing_like_this", attention="def f(:\n", training="1/0"
    )
    assert submission.model.f() == 1
    error = error_of(submission.data.split)
    assert error.type_names[0] == "ModuleNotFoundError"
    assert error.where == "data.py, line 2: import nothing_like_this"
    assert error_of(submission.attention.Head).where == "attention.py, line 1"
    assert error_of(submission.training.train).where == "training.py, line 1: 1/0"
    assert error_of(submission.tokenizer.encode).type_names[0] == "ModuleNotFoundError"


def test_a_missing_function_or_attribute_is_an_error_of_the_submission(submit: Submit) -> None:
    model = submit("class Thing: pass").model
    assert error_of(model.f).message == "there is nothing named 'f' in charlm/model.py"
    assert error_of(lambda: model.Thing().size).message == "Thing has no attribute named 'size'"


def test_a_mistake_in_a_check_is_not_an_error_of_the_submission(submit: Submit) -> None:
    first, second = submit("def f(x): return [x]\nclass T: pass"), submit("")
    with pytest.raises(Unsendable):
        first.model.f(object())
    with pytest.raises(Unsendable):
        second.model.f(first.model.T())
    assert first.model.f(1) == [1]


def test_a_fresh_worker_knows_nothing_of_the_last(submit: Submit) -> None:
    source = """
        import os, torch
        seen = []
        def remember(x):
            seen.append(x)
            open("note", "a").write("x")
            torch.set_default_dtype(torch.float64)
            return len(seen), len(open("note").read()), str(torch.zeros(1).dtype)
        class Thing: pass
    """
    submission = submit(source)
    assert submission.model.remember(1) == (1, 1, "torch.float64")
    assert submission.model.remember(1) == (2, 2, "torch.float64")
    thing = submission.model.Thing()
    submission.session.fresh()
    assert submission.model.remember(1) == (1, 1, "torch.float64")
    error = error_of(lambda: thing.size)
    assert error.type_names == ["WorkerGone"]
    assert "charlm.model.Thing" in error.message


def test_random_numbers_follow_the_seed(submit: Submit) -> None:
    source = (
        "import random, numpy, torch\ndef draw(): return [random.random(), float(numpy.random.rand()), torch.rand(2)]"
    )
    submission = submit(source, seed=5)
    draws = [submission.model.draw()]
    for seed in (5, 5, 6, 2**62):
        submission.session.fresh(seed)
        draws.append(submission.model.draw())
    texts = [str(drawn) for drawn in draws]
    assert texts[0] == texts[1] == texts[2]
    assert len({texts[0], texts[3], texts[4]}) == 3


def test_the_calls_of_a_check_share_its_time(submit: Submit) -> None:
    submission = submit("import time\ndef nap(): time.sleep(0.5)", limits=Limits(seconds=1.4))
    submission.model.nap()
    submission.model.nap()
    with submission.session.within(5):
        submission.model.nap()
    with pytest.raises(CallTimedOut, match=r"no answer within 0\.\d+ seconds"):
        submission.model.nap()
    with pytest.raises(CallTimedOut):
        submission.model.nap()
    submission.session.fresh()
    submission.model.nap()


def test_what_is_printed_is_kept_up_to_a_cap(submit: Submit) -> None:
    source = "import sys\ndef f(n):\n    print('hello')\n    sys.stderr.write('x' * n)\n    return input.__name__"
    submission = submit(source, limits=Limits(output=1000))
    assert submission.model.f(10_000_000) == "input"
    submission.session.fresh()
    assert submission.session.output == "hello\n" + "x" * 994


def test_a_warning_is_no_error(submit: Submit) -> None:
    assert submit("import warnings\ndef f():\n    warnings.warn('old')\n    return 1").model.f() == 1


def test_reading_from_the_keyboard_ends_at_once(submit: Submit) -> None:
    assert error_of(submit("def f(): return input()").model.f).type_names[0] == "EOFError"


def test_the_package_of_a_library_cannot_be_replaced(submit: Submit) -> None:
    assert submit("import torch\ndef f(): return torch.ones(1)", torch="ones = None").model.f().tolist() == [1]


def test_handles_refuse_what_would_be_lost(submit: Submit) -> None:
    thing = submit("class Thing: pass").model.Thing()
    with pytest.raises(AttributeError):
        thing.size = 3
    assert not hasattr(thing, "__len__")
    assert not hasattr(thing, "_private")


def test_a_class_with_the_name_of_one_of_pythons_is_told_apart(submit: Submit) -> None:
    source = """
        class Lying(type):
            @property
            def __mro__(cls):
                return (cls, ValueError, Exception, BaseException, object)
            @property
            def __name__(cls):
                return "ValueError"

        Named = type("ValueError", (KeyError,), {"__module__": "builtins"})
        Claiming = Lying("Claiming", (KeyError,), {})
        Sealed = type("Replaced", (Exception,), {})
        class MyError(ValueError): pass

        def fail(kind): raise {"named": Named, "claiming": Claiming, "sealed": Sealed, "own": MyError}[kind]("x")
    """
    fail = submit(source).model.fail
    types = {}
    for kind in ("named", "claiming", "sealed", "own"):
        with pytest.raises(SubmissionError) as caught:
            fail(kind)
        assert type(caught.value) is SubmissionError
        types[kind] = caught.value.type_names[:3]
    assert types == {
        "named": ["charlm.ValueError", "KeyError", "LookupError"],
        "claiming": ["Claiming", "KeyError", "LookupError"],
        "sealed": ["charlm.model.Replaced", "Exception", "BaseException"],
        "own": ["MyError", "ValueError", "Exception"],
    }


def test_no_frame_asks_for_a_line_again_that_was_not_found(submit: Submit) -> None:
    """PyTorch's anomaly mode asks for the lines of all frames at each operation of a forward pass."""
    submission = submit(
        """
        import linecache
        import traceback

        def looked_for_in_vain():
            update, asked = linecache.updatecache, []
            linecache.updatecache = lambda name, *rest: asked.append(name) or update(name, *rest)
            traceback.extract_stack()
            asked.clear()
            traceback.extract_stack()
            linecache.updatecache = update
            return asked
        """
    )
    assert [name for name in submission.model.looked_for_in_vain() if not name.startswith("<")] == []


def test_no_stand_in_stays_in_a_module_that_was_imported_meanwhile(submit: Submit) -> None:
    uses_it = "from charlm.attention import causal_mask\ndef masked(scores, tril): return causal_mask(scores, tril)"
    submission = submit(uses_it, attention="def causal_mask(scores, tril): return scores")
    scores, tril = torch.zeros(1, 2, 2), torch.ones(2, 2).tril()
    submission.probes.install_doubles(["causal_mask"])
    assert submission.model.masked(scores, tril).max() == 3
    submission.probes.remove_doubles()
    assert submission.model.masked(scores, tril).max() == 0
