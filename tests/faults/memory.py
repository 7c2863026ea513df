"""Too little memory, whoever takes it: the grading, for good or for a moment, or the submission."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.cases import harmless, not_graded
from tests.faults.stage import Stage
from tests.faults.strike import at_strike
from tests.patches import Change

HOGS = Change(
    "charlm/tokenizer.py",
    "    return sorted(set(text))",
    "    kept = []\n    while 'd' in text:\n        kept.append(bytearray(b'x' * 2**24))\n    return sorted(set(text))",
)


def memory_group(size: int) -> Path:
    """Put this process and all that it will start into a group with this much memory. Returns the group's folder."""
    group = Path(f"/sys/fs/cgroup/memory/faults-{os.getpid()}")
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(size))
    (group / "tasks").write_text(str(os.getpid()))
    return group


SMALLEST = 768 << 20  # what the platform's smallest container has


def use_up_memory() -> None:
    kept = []
    while True:
        kept.append(bytearray(b"x" * 2**24))


@not_graded("PFNNN-", "grading was ended by SIGKILL. Memory may have run out", needs_memory_group=True)
def grading_uses_up_the_memory(stage: Stage) -> None:
    memory_group(SMALLEST)
    at_strike(use_up_memory)


@harmless(needs_memory_group=True)
def grading_uses_up_the_memory_for_a_moment(stage: Stage) -> None:
    group = memory_group(SMALLEST)

    def until_a_worker_is_dead() -> None:
        kept = []
        # Not until it shows in the process: that takes a moment, in which this one could be the next to be killed.
        while "oom_kill 0" in (group / "memory.oom_control").read_text():
            kept.append(bytearray(b"x" * 2**20))

    at_strike(until_a_worker_is_dead)


@harmless("PFPPM-", needs_memory_group=True, changes=(HOGS,))
def submission_uses_up_the_memory(stage: Stage) -> None:
    memory_group(SMALLEST)
