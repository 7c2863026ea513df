"""What a worker may use."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds; None switches a limit off.

    `seconds` is the time that the calls of one check may take together. `memory` is address space beyond what
    the zygote has mapped already. `scratch` and `scratch_files` are what may lie in the worker's folder at any time.
    `processes` counts threads too, and only holds where the worker has a user id of its own. `closed` refuses the
    system calls and files that student code has no use for.

    Files: training, plotting and saving a model need 8 descriptors, and 1.4 MB for the largest checkpoint. A file that
    was deleted but is still open or mapped lies in no folder, and another user's descriptors cannot be looked into. So
    a worker is also ended when its file system has lost more than `scratch` since the worker started and has less than
    `free` left. What remains: `scratch` and `free` are looked at every quarter of a second, so a fast disk can be full
    for that long; what fills it between two calls of a check is seen at the next call.
    """

    seconds: float = 10.0
    memory: int | None = 2560 * MIB
    file_size: int = 16 * MIB
    scratch: int = 64 * MIB
    scratch_files: int = 1024
    free: int = 256 * MIB
    open_files: int = 64
    processes: int = 64
    cpu_seconds: int = 900
    output: int = 64 << 10
    closed: bool = True

    def beside_a_gpu(self) -> Limits:
        """CUDA's driver reserves far more memory than it uses, and needs files and system calls of its own."""
        return replace(self, memory=None, closed=False, open_files=256)
