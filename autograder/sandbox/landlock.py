"""Closes the file system to this process, but for what it is given (Landlock, Linux 5.13 and later).

Constants and structures are those of the kernel's include/uapi/linux/landlock.h. Nothing can be executed, also where
reading is allowed: a library is read, not executed. Names, sizes and times of other files stay visible.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from autograder.sandbox.libc import system_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every processor
VERSION, PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SYM, REFER = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12, 1 << 13
READING = READ_FILE | READ_DIR
WRITING = WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER
FOR_FILES = WRITE_FILE | READ_FILE | TRUNCATE  # of these rights, those that a rule for a single file may give
# What each version can restrict: the rights up to this bit, connections and ports, signals and abstract sockets.
LAST_RIGHT = {1: 12, 2: 13, 3: 14, 4: 14, 5: 15}
ALL_TCP, ALL_SCOPES = 0b11, 0b11
VERSION_WITH_TCP, VERSION_WITH_SCOPES = 4, 6


def version() -> int:
    """The running kernel's version of Landlock, 0 where there is none."""
    with contextlib.suppress(OSError):
        return system_call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    return 0


def restrict(running: int, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Leave only these files and folders, with all inside; those that do not exist or cannot be entered stay closed.

    `running` is what `version` returned. Needs no_new_privs, and a process of one thread. Raises OSError.
    """
    handled = (2 << LAST_RIGHT[min(running, max(LAST_RIGHT))]) - 1
    attributes = struct.pack(
        "=QQQ",
        handled,
        ALL_TCP if running >= VERSION_WITH_TCP else 0,
        ALL_SCOPES if running >= VERSION_WITH_SCOPES else 0,
    )
    ruleset = system_call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in readable:
            _allow(ruleset, path, READING & handled)
        for path in writable:
            _allow(ruleset, path, (READING | WRITING) & handled)
        system_call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= FOR_FILES
        rule = struct.pack("=Qi", rights, place)
        system_call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)
