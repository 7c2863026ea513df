"""Refuses the system calls that student code has no use for, in every thread and for good (seccomp-BPF, Linux).

A refused call fails with EPERM, so that a library that only tries it goes on without. Numbers of calls are those of
the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (arm64), the other constants
those of include/uapi/linux/seccomp.h, filter.h, audit.h, sched.h and asm-generic/ioctls.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from dataclasses import dataclass

from autograder.sandbox.libc import system_call

# Name: number on x86-64, number on arm64; None where that processor has no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # programs and processes: threads are all that is needed
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    # the network
    "socket": (41, 198),
    # memory that no limit counts, or that stays behind
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # large and fragile parts of the kernel
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "personality": (135, 92),
    # other views of the file system
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
}
# Calls that are looked at more closely; the same order of processors.
CLONE, CLONE3, SOCKETPAIR, IOCTL = (56, 220), (435, 435), (53, 199), (16, 29)
KILL, TGKILL, PRLIMIT64, PRCTL = (62, 129), (234, 131), (302, 261), (157, 167)
SECCOMP = (317, 277)
NEWEST = 462  # mseal: what came later is as unknown to programs as on an older kernel, and x32's calls lie far above

AF_UNIX = 1
CLONE_THREAD, CLONE_NAMESPACES = 0x0001_0000, 0x7E02_0000
PR_SET_PDEATHSIG = 1
TIOCSTI, TIOCLINUX = 0x5412, 0x541C

LOAD, AND, JUMP_EQUAL, JUMP_GREATER, RETURN = 0x20, 0x54, 0x15, 0x25, 0x06  # BPF: class | size or operation | source
NUMBER, ARCHITECTURE = 0, 4  # where struct seccomp_data has them
ALLOW, REFUSE, UNKNOWN = 0x7FFF_0000, 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS
SET_MODE_FILTER, FLAG_SPEC_ALLOW = 1, 4


@dataclass(frozen=True)
class Processor:
    """Which column of the tables counts, and how the kernel calls this processor."""

    column: int
    audit: int


PROCESSORS = {
    "x86_64": Processor(0, 0xC000_003E),
    "aarch64": Processor(1, 0xC000_00B7),
    "arm64": Processor(1, 0xC000_00B7),
}


def processor() -> Processor | None:
    """This machine's, None when there is no table for it."""
    if struct.calcsize("P") != 8 or sys.byteorder != "little":
        return None
    return PROCESSORS.get(platform.machine())


def install(on: Processor) -> None:
    """Refuse these calls from here on. Needs no_new_privs, and a process of one thread. Raises OSError."""
    code = program(on, os.getpid())
    head = _Program(len(code) // 8, code)
    # Without the flag, kernels before 5.16 slow every program with a filter down, to guard secrets; here are none.
    flags = ctypes.c_ulong(SET_MODE_FILTER), ctypes.c_ulong(FLAG_SPEC_ALLOW)
    system_call(SECCOMP[on.column], *flags, ctypes.byref(head))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def program(on: Processor, pid: int) -> bytes:
    """The filter for the process `pid`, as BPF: eight bytes an instruction."""
    parts = [
        _step(LOAD, ARCHITECTURE) + _step(JUMP_EQUAL, on.audit, skip_if=1) + _step(RETURN, REFUSE),
        _step(LOAD, NUMBER) + _step(JUMP_GREATER, NEWEST, skip_unless=1) + _step(RETURN, UNKNOWN),
        # Its flags lie in memory, which a filter cannot read; the C library goes on with clone.
        _when(CLONE3[on.column], _step(RETURN, UNKNOWN)),
        _when(CLONE[on.column], _only([CLONE_THREAD], 0, mask=CLONE_THREAD | CLONE_NAMESPACES)),
        _when(SOCKETPAIR[on.column], _only([AF_UNIX], 0)),
        _when(KILL[on.column], _only([pid], 0)),
        _when(TGKILL[on.column], _only([pid], 0)),
        _when(PRLIMIT64[on.column], _only([0, pid], 0)),
        _when(PRCTL[on.column], _none_of([PR_SET_PDEATHSIG], 0)),
        _when(IOCTL[on.column], _none_of([TIOCSTI, TIOCLINUX], 1)),
    ]
    return b"".join((*parts, REFUSALS[on], _step(RETURN, ALLOW)))


def _refusals(on: Processor) -> bytes:
    numbers = [columns[on.column] for columns in REFUSED.values()]
    return b"".join(_when(number, _step(RETURN, REFUSE)) for number in numbers if number is not None)


def _step(code: int, value: int, skip_if: int = 0, skip_unless: int = 0) -> bytes:
    return struct.pack("=HBBI", code, skip_if, skip_unless, value)


def _when(number: int, then: bytes) -> bytes:
    """`then`, which returns, if the call has this number."""
    return _step(JUMP_EQUAL, number, skip_unless=len(then) // 8) + then


def _load(argument: int) -> bytes:
    """The low half of an argument: the ones that are looked at are ints, or flags below 2**32."""
    return _step(LOAD, 16 + 8 * argument)


def _only(values: list[int], argument: int, mask: int = 0xFFFF_FFFF) -> bytes:
    allowed = b"".join(_step(JUMP_EQUAL, value, skip_unless=1) + _step(RETURN, ALLOW) for value in values)
    return _load(argument) + _step(AND, mask) + allowed + _step(RETURN, REFUSE)


def _none_of(values: list[int], argument: int) -> bytes:
    refused = b"".join(_step(JUMP_EQUAL, value, skip_unless=1) + _step(RETURN, REFUSE) for value in values)
    return _load(argument) + refused + _step(RETURN, ALLOW)


# For every process the same, so that no worker builds it anew.
REFUSALS = {processor: _refusals(processor) for processor in PROCESSORS.values()}
