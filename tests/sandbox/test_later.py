"""What takes long to import in PyTorch is put off, and is there when somebody asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from autograder.paths import ROOT

PUT_OFF = """
import inspect, sys
sys.path.append("student_template/tests")
import torch
from autograder.sandbox import later
from support.simulated_device import held, simulated_accelerator

def absent():
    return all(type(sys.modules[name]) is later.Later for name in (later.COMPILER, later.DISTRIBUTED, *later.SETTINGS))

later.put_off()
"""
A_STEP = """
weights = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.AdamW([weights], lr=0.5)
optimizer.zero_grad()
weights.sum().backward()
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
assert torch.allclose(weights, torch.tensor(0.495))
"""


# Each case is run in a fork, so that PyTorch is imported once for all.
SERVE = """
import json, os, traceback

for line in sys.stdin:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        status = 1
        try:
            exec(json.loads(line), dict(globals()))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(writing)
    with open(reading) as output:
        said = output.read()
    _, status = os.waitpid(pid, 0)
    print(json.dumps([status, said]), flush=True)
"""
Run = Callable[[str], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs code where everything has been put off. Fails when that raises."""
    command = [sys.executable, "-c", PUT_OFF + SERVE]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        sends, answers = process.stdin, process.stdout

        def run_case(code: str) -> None:
            sends.write(json.dumps(code) + "\n")
            sends.flush()
            status, said = json.loads(answers.readline())
            assert status == 0, said

        yield run_case
        sends.close()


def test_an_optimiser_and_a_tensor_written_in_python_import_nothing_more(run: Run) -> None:
    run(f"""
with simulated_accelerator():
    assert held(torch.ones(2, device="gpu") + 1).tolist() == [2, 2]
{A_STEP}
torch.use_deterministic_algorithms(True)
assert absent()
""")


def test_what_is_compiled_stays_as_it_is(run: Run) -> None:
    run("""
@torch.compile
def doubled(x):
    return 2 * apart(x)

@torch.compiler.disable(recursive=False)
def apart(x):
    return x - 1

@torch.compile(mode="reduce-overhead", fullgraph=True)
def halved(x):
    return x / 2

assert doubled(torch.tensor([3.0])).tolist() == [4]
assert halved(torch.tensor([3.0])).tolist() == [1.5]
model = torch.nn.Linear(2, 2)
assert torch.compile(model, backend="eager") is model
model.compile()
assert model(torch.ones(1, 2)).shape == (1, 2)
assert absent()
""")


def test_who_looks_through_all_modules_imports_nothing(run: Run) -> None:
    run("""
import pickle
inspect.getmodule(torch.nn.Linear.forward)
pickle.whichmodule(torch.ones(1), "found_nowhere")
for module in list(sys.modules.values()):
    getattr(module, "found_nowhere", None)
assert absent()
""")


def test_settings_are_changed_without_an_import(run: Run) -> None:
    run("""
import torch._dynamo
import torch._inductor.config as settings
torch._dynamo.config.suppress_errors = True
settings.max_autotune = True
assert settings.max_autotune
assert absent()
""")


@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("torch._dynamo", "torch._dynamo.reset()"),
        ("torch._dynamo", "from torch._dynamo import optimize"),
        ("torch._dynamo", "import torch._dynamo.eval_frame"),
        ("torch._dynamo", "assert torch._dynamo.config.cache_size_limit > 0"),
        ("torch._inductor", "torch._inductor.list_options()"),
        ("torch._inductor", "assert torch._inductor.config.triton.cudagraphs is not None"),
    ],
)
def test_the_compiler_is_there_when_it_is_asked_for(run: Run, package: str, use: str) -> None:
    run(f"""
{use}
assert sys.modules["{package}"].__file__
assert torch.manual_seed is torch.random.manual_seed
import torch._dynamo.config, torch._inductor.config
assert torch._dynamo.config.verbose in (True, False) and torch._inductor.config.debug in (True, False)
assert not absent()
{A_STEP}
""")


def test_what_is_asked_for_by_its_path_is_the_thing_itself(run: Run) -> None:
    run("""
from torch.distributed.tensor import Shard
assert Shard(0).dim == 0
import torch.distributed.tensor
assert torch.distributed.tensor.DTensor is not later.NoTensor
""")


def test_what_has_been_imported_stays(run: Run) -> None:
    run("import torch._dynamo as before; later.put_off(); assert sys.modules['torch._dynamo'] is before")
