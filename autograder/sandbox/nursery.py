"""The zygote's own side: a process that has imported torch, holds no secret, and forks workers on request.

It runs no tensor operation (a fork after a parallel one hangs) and no student code. When the grader is gone it
kills what it started and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import linecache
import os
import resource
import signal
import socket
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from autograder.sandbox import control, hugepages, privileges
from autograder.sandbox.limits import Limits

if TYPE_CHECKING:
    from autograder.sandbox.seal import Broken

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "student_template" / "tests"
LIBRARIES = ("numpy", "numpy.random", "torch", "safetensors.torch", "tqdm")
BESIDE_STUDENTS = ("support.probes", "support.doubles", "support.simulated_device")
EVERYTHING = (*LIBRARIES, *BESIDE_STUDENTS)
WANTED_BY_THE_GRADER = ("numpy", "torch", "autograder.sandbox.worker")
KEPT_VARIABLES = ("CUDA_VISIBLE_DEVICES",)
MANY = 24  # workers; whoever starts as many starts more, which pays for the large pages: half a second
PATIENCE = 20.0  # seconds for killed processes to be gone; a slow machine takes long to free much memory


def preload(names: tuple[str, ...] = EVERYTHING) -> None:
    """Import what workers need, so that all of them share it. Imports only: no tensor operation.

    What takes long and few submissions use is put off: see `later`.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # otherwise numpy's import starts threads
    if str(SUPPORT) not in sys.path:
        sys.path.append(str(SUPPORT))
    collects = gc.isenabled()
    gc.disable()  # what is imported stays, and looking for garbage in it takes a fifth of the time
    try:
        for name in names:
            importlib.import_module(name)
        from autograder.sandbox import later

        later.put_off()
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def run(channel: socket.socket, names: tuple[str, ...] = EVERYTHING) -> NoReturn:
    """Be the zygote: import this, serve until the grader closes the connection, then end this process."""
    code = 1
    try:
        os.setsid()
        preload(names)
        from autograder.sandbox import worker

        seal = list(_seal())  # so that a worker can take it out
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        _forget_the_grader(channel)
        _open_streams()
        warnings.simplefilter("ignore")  # a library's sleeping threads are no reason not to fork
        privileges.adopt_orphans()
        privileges.forget_start()
        gc.collect()
        gc.freeze()  # else the first collection in a worker would copy every page that holds an object

        def be_worker(spec: dict[str, Any], sock: int, output: int) -> None:
            limits = Limits(**spec.pop("limits"))
            worker.main(worker.Spec(limits=limits, **spec), sock, output, environment, seal)

        Nursery(channel, be_worker).serve()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _seal() -> tuple[Broken, frozenset[int]]:
    from autograder.sandbox import conversation, memory, namespaces, seal
    from support import stub_models

    stub_models.out_of_sight = conversation.out_of_sight
    taken = seal.take()
    for module in (memory, namespaces, seal):  # so that they are in nobody's reach
        del sys.modules[module.__name__]
        delattr(sys.modules["autograder.sandbox"], module.__name__.rpartition(".")[2])
    return taken


def _forget_the_grader(channel: socket.socket) -> None:
    """Close what was open, and drop the modules, folders and arguments that belong to the grader."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    privileges.close_descriptors(keep={0, 1, 2, channel.fileno()})
    sources = [frame.f_code.co_filename for frame, _ in traceback.walk_stack(None)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("autograder", "support")]:
        # The functions that are running hold on to what they use; nobody can import it by name any more.
        sources.append(getattr(sys.modules.pop(name), "__file__", None) or name)
    for source in filter(_is_the_graders, sources):
        # Workers cannot read it. PyTorch's anomaly mode asks for the line of each frame, and each time looks anew for
        # one that was not found: a training under it would take half as long again.
        linecache.cache[source] = (0, None, [], source)
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path[:] = [entry for entry in sys.path if not _is_the_graders(entry)]
    sys.path_importer_cache.clear()


def _open_streams() -> None:
    """Python's streams anew, as every worker inherits them: each puts descriptors of its own under them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _is_the_graders(entry: str) -> bool:
    path = Path(entry)
    if not entry or not path.is_absolute():
        return True
    inside = path == ROOT or ROOT in path.parents
    return inside and not {"site-packages", "dist-packages"} & set(path.parts)


def _peak_kb(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


class Nursery:
    """Forks workers, ends them, and knows which are alive."""

    def __init__(self, channel: socket.socket, be_worker: Callable[[dict[str, Any], int, int], None]) -> None:
        self._channel, self._be_worker = channel, be_worker
        self._workers: set[int] = set()
        self._spawned = 0
        self._statuses: dict[int, int] = {}
        self._peaks: dict[int, int] = {}  # of resident memory, in kB

    def serve(self) -> None:
        requests: dict[str, Callable[..., dict[str, Any]]] = {
            "spawn": self._spawn,
            "end": self._end,
            "readable": self._readable,
        }
        while True:
            try:
                message, descriptors = control.receive(self._channel)
            except (EOFError, ConnectionError):
                break
            number = message.pop("id")
            try:
                reply = requests[message.pop("request")](descriptors=descriptors, **message)
            except Exception as error:
                reply = {"failed": f"{type(error).__name__}: {error}"}
            for descriptor in descriptors:
                os.close(descriptor)
            try:
                control.send(self._channel, {**reply, "id": number})
            except OSError:
                break
        for pid in list(self._workers):
            self._end(pid=pid, uid=None, grace=0.0, descriptors=[])

    def _spawn(self, spec: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._spawned += 1
        if self._spawned == MANY:
            hugepages.collapse()
        pid = os.fork()
        if pid == 0:
            try:
                sock, output = descriptors
                self._channel.detach()
                self._be_worker(spec, sock, output)
            finally:
                os._exit(0)
        self._workers.add(pid)
        return {"pid": pid}

    def _end(self, pid: int, uid: int | None, grace: float, descriptors: list[int]) -> dict[str, Any]:
        """Wait `grace` seconds for a worker to end by itself, then kill it, and all that it left behind."""
        by_itself = self._wait(pid, grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        if not by_itself:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)  # a worker that has not yet made its own group
        ended = by_itself or self._wait(pid, PATIENCE)
        self._workers.discard(pid)
        left = not self._sweep(uid)
        status = self._statuses.pop(pid, None)
        peak = self._peaks.pop(pid, 0)
        # A worker begins with the memory that it shares with this process.
        grown = max(0, peak - _peak_kb(resource.getrusage(resource.RUSAGE_SELF)))
        known = status if ended else None
        return {"status": known, "by_itself": by_itself, "left": left, "grown": grown, "peak": peak}

    def _wait(self, pid: int, seconds: float) -> bool:
        until = time.monotonic() + seconds
        pause = 0.0005
        while True:
            self._reap()
            if pid in self._statuses:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(1.2 * pause, 0.02)  # most are gone within some milliseconds

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._workers:
                self._statuses[pid] = os.waitstatus_to_exitcode(status)
                self._peaks[pid] = _peak_kb(usage)

    def _sweep(self, uid: int | None) -> bool:
        """Kill orphans, and every process of `uid`, until none is left; whether that succeeded."""
        until = time.monotonic() + PATIENCE
        while True:
            orphans = self._kill_orphans()
            others = uid is not None and privileges.any_left_of(uid)
            if not orphans and not others:
                return True
            if others and uid is not None:
                privileges.kill_all_of(uid)
            self._reap()
            if time.monotonic() >= until:
                return False
            time.sleep(0.001)

    def _kill_orphans(self) -> bool:
        """What a dead worker left behind is this process's child now (on Linux). Kill it; whether there was any."""
        try:
            listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        except OSError:
            return False
        orphans = {int(pid) for pid in listed} - self._workers
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(orphans)

    def _readable(self, uid: int, paths: list[str], descriptors: list[int]) -> dict[str, Any]:
        return {"readable": privileges.readable_by(uid, paths)}


if __name__ == "__main__":
    run(socket.socket(fileno=int(sys.argv[1])))
