"""Every operator of PyTorch that takes several tensors, with one of them on the CPU: may they meet, here and simulated?

    python -m tests.gpu.operators [DEVICE]

prints a line of JSON for each trial in which the device and the simulated one do not say the same, and how many trials
there were. A process of its own, because an operator that is given nonsense can leave a GPU unusable.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import warnings
from collections.abc import Collection, Iterator
from typing import Any

import torch

from autograder.paths import ROOT
from tests.gpu.part import Part

SHAPES: tuple[tuple[int, ...], ...] = ((3,), (3, 3), (2, 3, 3), (1, 2, 4, 4))
NUMBERS: dict[str, Any] = {"int": 1, "SymInt": 1, "float": 0.5, "number": 1, "Scalar": 1, "bool": False, "str": "none"}
# Not a student's, or with a meaning of its own: other libraries' kernels, storage, other layouts, synchronisation.
LEFT_OUT = (
    *(
        "cudnn",
        "miopen",
        "mkldnn",
        "sparse",
        "quant",
        "fbgemm",
        "fake",
        "record_stream",
        "nested",
        "rnn",
        "lstm",
        "gru",
    ),
    *("set_", "resize", "jagged", "flash", "efficient", "fused", "_foreach", "sym_", "_to_", "pin_memory", "fft"),
)
SECONDS = 280
# Where the simulated device is known to differ. Nothing that homework uses: they ask for no numbers, are no operators
# of their own on one of the two devices, or belong to losses that are not the assignment's.
STILL_DIFFERENT = {
    f"aten::{name}"
    for name in (
        *("equal", "is_same_size", "logical_and", "logical_or", "logical_xor", "mish_backward", "silu_backward"),
        *("rrelu_with_noise_backward", "soft_margin_loss", "soft_margin_loss_backward"),
    )
}


def compare_operators() -> Part:
    """Where the simulated accelerator refuses what a GPU permits, or the other way round."""
    command = [sys.executable, "-m", "tests.gpu.operators", "cuda"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
        printed, end = done.stdout, f"exit status {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired as error:
        printed, end = (error.stdout or b"").decode(), f"stopped after {SECONDS} s"
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    new = [line for line in lines[:-1] if line["operator"] not in STILL_DIFFERENT]
    part = Part(wrong=[f"{line['operator']}({line['cpu']}: {line['shape']}): {line['says']}" for line in new])
    if not lines or "trials" not in lines[-1]:
        part.wrong.append(f"not all operators were tried: {end}")
    else:
        part.facts["operators tried with one tensor on the CPU; trials"] = (
            f"{lines[-1]['operators']}; {lines[-1]['trials']}"
        )
        part.facts["trials in which simulated and real device say the same"] = str(lines[-1]["agree"])
    return part


Trial = tuple[str, str, str]  # operator, the argument that is on the CPU, its shape


def main(device: str) -> None:
    """Try them all."""
    sys.path.append(str(ROOT / "student_template" / "tests"))
    from support.device_probes import accelerator

    warnings.simplefilter("ignore")
    with accelerator("gpu"):
        simulated = outcomes("gpu")
    there = outcomes(device)
    agree = 0
    for about, permitted in there.items():
        if simulated.get(about, permitted) == permitted:
            agree += 1
        else:
            operator, name, shape = about
            says = "the GPU permits it, the simulated one does not" if permitted else "only the simulated one does"
            print(json.dumps({"operator": operator, "cpu": name, "shape": shape, "says": says}))
    print(json.dumps({"operators": len({operator for operator, *_ in there}), "trials": len(there), "agree": agree}))


def outcomes(device: str, only: Collection[str] = ()) -> dict[Trial, bool]:
    """Whether each may be, of all operators or `only` some. Of the arguments tried, some that work are enough."""
    found: dict[Trial, bool] = {}
    for func in overloads():
        if only and func.name() not in only:
            continue
        for shape, integers, first in itertools.product(SHAPES, (True, False), (True, False)):
            for name, on_cpu, arguments in trial(func, shape, integers=integers, first=first, device=device):
                permitted = permits(func, arguments)
                if permitted is not None:
                    about = func.name(), name, on_cpu
                    found[about] = found.get(about, False) or permitted
    return found


def overloads() -> Iterator[Any]:
    """The functional and in-place ones that take at least two tensors."""
    for name in sorted(dir(torch.ops.aten)):
        if name.startswith("__") or any(part in name for part in LEFT_OUT):
            continue
        packet = getattr(torch.ops.aten, name)
        for overload in packet.overloads() if hasattr(packet, "overloads") else ():
            func = getattr(packet, overload)
            kinds = [str(argument.type) for argument in func._schema.arguments]
            writes = any(argument.is_out for argument in func._schema.arguments)
            if sum("Tensor" in kind for kind in kinds) >= 2 and not writes:
                yield func


def trial(
    func: Any, shape: tuple[int, ...], *, integers: bool, first: bool, device: str
) -> Iterator[tuple[str, str, list[Any]]]:
    """Arguments with one tensor on the CPU, of this shape and as a number: its name, its shape, all arguments.

    `first`: whether the first tensor is a float, as an input is; with `integers` all later ones are integers.
    """
    tensors = [
        i for i, argument in enumerate(func._schema.arguments) if str(argument.type) in ("Tensor", "Optional[Tensor]")
    ]
    for odd, as_number in itertools.product(tensors, (False, True)):
        arguments: list[Any] = []
        for position, argument in enumerate(func._schema.arguments):
            if argument.has_default_value() and position not in tensors:
                break
            kind = str(argument.type)
            if position in tensors:
                whole = integers if position != tensors[0] else not first
                place = "cpu" if position == odd else device
                size = () if position == odd and as_number else shape
                arguments.append(torch.zeros(size, dtype=torch.int64 if whole else torch.float32, device=place))
            elif kind in NUMBERS:
                arguments.append(NUMBERS[kind])
            elif kind.startswith("Optional"):
                arguments.append(None)
            else:
                return
        if odd < len(arguments):
            yield func._schema.arguments[odd].name, "a number" if as_number else str(list(shape)), arguments


def permits(func: Any, arguments: list[Any]) -> bool | None:
    """Whether the device lets `func` have them; None when it fails for another reason."""
    try:
        func(*arguments)
    except Exception as error:
        text = str(error)
        if "CUDA error" in text:
            raise SystemExit(f"{func.name()}: {text}") from None
        return False if "same device" in text or "on cpu, different" in text else None
    return True


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["cuda"]))
