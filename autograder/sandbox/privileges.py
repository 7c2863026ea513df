"""Takes away from the worker what it does not need. Runs in the worker before any student code.

Each mechanism that this system lacks is named in the list that `confine` returns; the grader decides what to
do about it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import signal
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import landlock, seccomp
from autograder.sandbox.libc import prctl
from autograder.sandbox.limits import Limits

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
NO_LANDLOCK = "a closed file system: its kernel has no Landlock"
NO_PROCESSOR = "a filter of system calls: none is known for its processor"
UNREADABLE = "a Python and libraries that the worker's user can read"
# What no instructor can change about a machine, or what protects nothing. All else has to be there where grades count.
OPTIONAL = frozenset({NO_LANDLOCK, NO_PROCESSOR, UNREADABLE})
# Besides Python's own folders: libraries, and what they and the C library look at. Not all exist everywhere.
READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory"),
    *("/sys/devices/system", "/dev/zero", "/dev/random", "/dev/urandom"),
)
UNUSED_IDS = range(200_000_000, 2_000_000_000)  # above what systems hand out, also to containers


def can_change_user() -> bool:
    """Whether a worker can be given a user id of its own."""
    return LINUX and os.geteuid() == 0


def keeps_to_its_own(limits: Limits) -> bool:
    """Whether a worker under these limits is kept from the files of whoever started the grader."""
    return can_change_user() or (LINUX and limits.closed and landlock.version() > 0)


def unused_id() -> int:
    """A random user id: the process limit is counted per id across all containers of a machine."""
    return random.SystemRandom().choice(UNUSED_IDS)


def confine(uid: int | None, limits: Limits, parent: int, code: str, scratch: str) -> list[str]:
    """Become `uid` (None: stay who we are) and accept the limits for good; returns what could not be done.

    Only `code` can be read then, besides what Python needs, and only `scratch` written to. Raises OSError when the
    user id cannot be changed: without that nothing else is worth much.
    """
    missing = [] if uid is not None else ["a user id of its own"]
    if LINUX:
        _prefer_when_memory_ends()
    if uid is not None:
        become(uid)
    if LINUX:
        # Changing the user id clears the parent-death signal, so it is asked for afterwards.
        die_with(parent)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    else:
        missing.append("the death with its parent and the ban on new privileges (Linux only)")
    missing += _limit(limits, counted=uid is not None)
    return missing + _close(limits, code, scratch)


def become(uid: int) -> None:
    """Change to a user and group id that own nothing."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def close_descriptors(keep: set[int]) -> None:
    """Close every descriptor of this process but these."""
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor not in keep:
            with contextlib.suppress(OSError):  # the one that listed the others is closed already
                os.close(descriptor)


def adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind, so that no daemon gets away."""
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Let this process be killed when its parent ends, also when that has happened already (on Linux)."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def forget_start() -> None:
    """Empty the environment and the command line, also on the stack, where the system put both."""
    os.environ.clear()
    sys.argv[:] = [""]
    sys.orig_argv[:] = [""]
    if LINUX:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        for first in (45, 47):  # arg_start, arg_end, env_start and env_end, counted from the third field
            start, end = int(fields[first]), int(fields[first + 1])
            if 0 < start < end:
                ctypes.memset(start, 0, end - start)


def any_left_of(uid: int) -> bool:
    """Whether a process of this id exists, dead ones that nobody waited for included."""
    try:
        os.getpriority(os.PRIO_USER, uid)
    except ProcessLookupError:
        return False
    return True


def kill_all_of(uid: int) -> None:
    """Kill every process of this id at once. Needs root.

    The killer is a child with the ids (own, uid, own): it may signal the processes of `uid`, and none of them may
    signal or trace it. One `kill(-1)` cannot be outrun by a process that forks.
    """
    own = unused_id()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(own, own, own)
            os.setresuid(own, uid, own)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def close_to_others(paths: Iterable[Path]) -> list[str]:
    """Take all rights of group and others away from these files or folders; returns what failed, in words."""
    problems = []
    for path in paths:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode & ~0o077)
        except OSError as error:
            problems.append(f"{path.name}: {error.strerror}")
    return problems


def readable_by(uid: int, paths: Iterable[str]) -> list[str]:
    """Which of these a process of `uid` can read or write. Needs root; forks a child that tries."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            become(uid)
            open_ones = "\0".join(path for path in paths if _can_open(path))
            os.write(writing, b"+" + os.fsencode(open_ones))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer.startswith(b"+"):
        raise OSError("the process that tries to read the grader's files failed")
    return [os.fsdecode(path) for path in answer[1:].split(b"\0") if path]


def _can_open(path: str) -> bool:
    return any(os.access(path, right) for right in (os.R_OK, os.W_OK, os.X_OK))


def _prefer_when_memory_ends() -> None:
    """Let the system kill this process rather than the grader when memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(b"1000")


def _limit(limits: Limits, *, counted: bool) -> list[str]:
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CPU": limits.cpu_seconds,
    }
    if counted:
        wanted["RLIMIT_NPROC"] = limits.processes
    if limits.memory is not None:
        wanted["RLIMIT_AS"] = limits.memory + _mapped()
    missing = []
    for name, value in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, OSError, ValueError):
            missing.append(name)
    return missing


def _close(limits: Limits, code: str, scratch: str) -> list[str]:
    if not limits.closed:
        return ["a closed file system and a filter of system calls: they are switched off, as a GPU needs"]
    if not LINUX:
        return ["a closed file system and a filter of system calls (Linux only)"]
    missing = []
    try:
        version = landlock.version()
        if version:
            pythons = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path}
            landlock.restrict(version, [code, *pythons, *READABLE], [scratch, os.devnull])
        else:
            missing.append(NO_LANDLOCK)
    except OSError as error:
        missing.append(f"a closed file system: {error.strerror}")
    try:
        processor = seccomp.processor()
        if processor:
            seccomp.install(processor)
        else:
            missing.append(NO_PROCESSOR)
    except OSError as error:
        missing.append(f"a filter of system calls: {error.strerror}")
    return missing


def _mapped() -> int:
    """Bytes of address space in use, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
