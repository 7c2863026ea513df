"""A container's share of the processors and its memory, held to by the kernel where it lets us, and measured anyway."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PERIOD = 100_000  # microseconds over which the kernel counts a group's processor time
PAUSE = 0.1  # seconds between two looks at the memory
_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Size:
    """What the platform offers: processors (at least) and memory (at most) in MB of 2**20 bytes."""

    cpus: float
    memory_mb: int

    def __str__(self) -> str:
        return f"{self.cpus:g} CPU / {self.memory_mb / 1024:g} GB"


SIZES = {"0.5": Size(0.5, 768), "1": Size(1, 1536), "2": Size(2, 3072), "4": Size(4, 6144)}


@dataclass(frozen=True)
class Ended:
    """A command that ran: exit status, wall clock and processor time in seconds, peak memory of all its processes in
    MB, whether the kernel killed any of them for memory, and what was printed."""

    status: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    killed: bool
    printed: str


class Container:
    """Runs commands under the limits of a size. Use as a context manager.

    `limited` says whether the kernel holds the commands to it; else they have the whole machine.
    """

    def __init__(self, size: Size) -> None:
        self.size = size
        self._groups: list[Path] = []
        self.limited = False

    def __enter__(self) -> Container:
        for limit in (_version_1, _version_2):
            with contextlib.suppress(OSError):
                limit(self.size, self._groups)
                self.limited = True
                break
            self._remove()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all()
        self._remove()

    def _remove(self) -> None:
        for group in self._groups:
            with contextlib.suppress(OSError):
                group.rmdir()
        self._groups = []

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> Ended:
        """Run a command to its end, or kill it and all that it started after `seconds` (status -9)."""
        before, began = self._kills(), time.monotonic()
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [*self._entrance(), *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            watch = Watch(process.pid, self._groups)
            timer = threading.Timer(seconds, self._end_all, [process.pid])
            timer.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                timer.cancel()
                watch.stop()
                self._end_all(process.pid if process.returncode is None else None)
            output.seek(0)
            printed = output.read().decode(errors="replace")
        spent = usage.ru_utime + usage.ru_stime
        killed = self._kills() > before
        return Ended(process.returncode, time.monotonic() - began, spent, watch.peak_mb, killed, printed)

    def _entrance(self) -> list[str]:
        """A shell that enters the groups and becomes the command."""
        if not self._groups:
            return []
        enter = "".join(f"echo $$ >'{group}/cgroup.procs' && " for group in self._groups)
        return ["/bin/sh", "-c", f'{enter}exec "$@"', "sh"]

    def _kills(self) -> int:
        total = 0
        for group in self._groups:
            for name in ("memory.oom_control", "memory.events"):
                with contextlib.suppress(OSError):
                    counts = dict(line.split() for line in (group / name).read_text().splitlines())
                    total += int(counts.get("oom_kill", 0))
        return total

    def _end_all(self, pid: int | None = None) -> None:
        for left in _members(pid, self._groups):
            with contextlib.suppress(psutil.NoSuchProcess):
                left.send_signal(signal.SIGKILL)
        until = time.monotonic() + 5
        while self._groups and _members(None, self._groups) and time.monotonic() < until:
            time.sleep(0.01)


class Watch:
    """Looks at the memory of a command's processes until it is stopped; `peak_mb` is the most that it saw."""

    def __init__(self, pid: int, groups: Sequence[Path]) -> None:
        self.peak_mb = 0.0
        self._pid, self._groups = pid, groups
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(PAUSE):
            self.peak_mb = max(self.peak_mb, memory_mb(_members(self._pid, self._groups)))


def memory_mb(processes: Sequence[psutil.Process]) -> float:
    """The memory of processes that are forks of each other.

    On Linux: each one's proportional share of what is no file's, and the files that the largest one has mapped. Those
    it shares with the others, and maybe with strangers, who would make a proportional share of them look small.
    Elsewhere the sum of the resident memories, which counts what they share more than once.
    """
    own, files = 0, 0
    for process in processes:
        try:
            if sys.platform == "linux":
                found = _rollup(process.pid)
                own += found["Pss_Anon"] + found["Pss_Shmem"]
                files = max(files, found["Rss"] - found["Anonymous"])
            else:
                own += process.memory_info().rss // 1024
        except (OSError, KeyError, psutil.Error):
            continue  # it ended meanwhile
    return (own + files) / 1024


def _rollup(pid: int) -> dict[str, int]:
    """The sums over a process's mappings, in kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.partition(":")[0]: int(line.split()[1]) for line in lines}


def _members(pid: int | None, groups: Sequence[Path]) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.NoSuchProcess, OSError):
        if groups:
            pids = (groups[0] / "cgroup.procs").read_text().split()
            return [psutil.Process(int(pid)) for pid in pids]
        if pid is not None:
            root = psutil.Process(pid)
            found = [root, *root.children(recursive=True)]
    return found


def _version_1(size: Size, made: list[Path]) -> None:
    made.append(memory := _make(_CGROUPS / "memory", "memory"))
    made.append(cpu := _make(_CGROUPS / "cpu", "cpu"))
    (memory / "memory.limit_in_bytes").write_text(str(size.memory_mb * 2**20))
    with contextlib.suppress(OSError):  # without swap accounting there is no such file
        (memory / "memory.memsw.limit_in_bytes").write_text(str(size.memory_mb * 2**20))
    (cpu / "cpu.cfs_period_us").write_text(str(PERIOD))
    (cpu / "cpu.cfs_quota_us").write_text(str(int(size.cpus * PERIOD)))


def _version_2(size: Size, made: list[Path]) -> None:
    with contextlib.suppress(OSError):
        (_CGROUPS / "cgroup.subtree_control").write_text("+cpu +memory")
    made.append(group := _make(_CGROUPS, ""))
    (group / "memory.max").write_text(str(size.memory_mb * 2**20))
    (group / "cpu.max").write_text(f"{int(size.cpus * PERIOD)} {PERIOD}")
    with contextlib.suppress(OSError):
        (group / "memory.swap.max").write_text("0")


def _make(folder: Path, controller: str) -> Path:
    """A new group below the one that this process is in, or below the root where that is not to be seen here."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    mine = next((path.lstrip("/") for _, names, path in lines if controller in names.split(",")), "")
    parent = folder / mine if controller and (folder / mine).is_dir() else folder
    group = parent / f"rehearsal-{secrets.token_hex(6)}"
    group.mkdir()
    return group
