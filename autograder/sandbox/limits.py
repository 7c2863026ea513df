"""What a worker may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds; None switches a limit off.

    `seconds` is the time that the calls of one check may take together. `memory` is address space beyond what
    the zygote has mapped already; CUDA reserves far more than it uses, so switch it off where there is a GPU.
    `scratch` and `scratch_files` are what may lie in the worker's folder at any time; a file that was deleted and is
    still open counts for neither, only `file_size` and `open_files` bound those.
    `processes` counts threads too, and only holds where the worker has a user id of its own. `closed` refuses the
    system calls and files that student code has no use for; a GPU's driver needs some of them.
    """

    seconds: float = 10.0
    memory: int | None = 2560 * MIB
    file_size: int = 64 * MIB
    scratch: int = 256 * MIB
    scratch_files: int = 4096
    open_files: int = 256
    processes: int = 64
    cpu_seconds: int = 900
    output: int = 64 << 10
    closed: bool = True
