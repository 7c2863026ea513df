"""What takes long to import in PyTorch is put off, and is there when somebody asks for it."""

from __future__ import annotations

import subprocess
import sys

from autograder.paths import ROOT

PUT_OFF = """
import inspect, sys
sys.path.append("student_template/tests")
import torch
from autograder.sandbox import later
from support.simulated_device import held, simulated_accelerator

def absent():
    return all(isinstance(sys.modules[name], later.Later) for name in (later.COMPILER, later.DISTRIBUTED))

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


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", PUT_OFF + code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_optimiser_and_a_tensor_written_in_python_import_nothing_more() -> None:
    run(f"""
with simulated_accelerator():
    assert held(torch.ones(2, device="gpu") + 1).tolist() == [2, 2]
{A_STEP}
inspect.getmodule(torch.nn.Linear.forward)  # which looks through all modules
assert absent()
""")


def test_what_is_compiled_stays_as_it_is() -> None:
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


def test_the_compiler_is_there_when_it_is_asked_for() -> None:
    run(f"""
import torch._dynamo.config
assert torch._dynamo.config.__file__
assert torch.manual_seed is torch.random.manual_seed
assert not isinstance(sys.modules[later.COMPILER], later.Later)
{A_STEP}
""")


def test_what_is_asked_for_by_its_path_is_the_thing_itself() -> None:
    run("""
from torch.distributed.tensor import Shard
assert Shard(0).dim == 0
import torch.distributed.tensor
assert torch.distributed.tensor.DTensor is not later.NoTensor
""")


def test_what_has_been_imported_stays() -> None:
    run("import torch._dynamo as before; later.put_off(); assert sys.modules['torch._dynamo'] is before")
