"""Calls of the C library, and of the kernel by number, that Python has no function for."""

from __future__ import annotations

import ctypes
import os

# Loaded once for all workers: each time it would make a class of its own.
_LIBRARY = ctypes.CDLL(None, use_errno=True)


def system_call(number: int, *arguments: object) -> int:
    """What the kernel answers. Raises OSError."""
    call = _LIBRARY.syscall
    call.restype = ctypes.c_long
    return _checked(call(ctypes.c_long(number), *arguments))


def prctl(option: int, value: int) -> None:
    """Raises OSError."""
    _checked(_LIBRARY.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def advise(address: int, length: int, advice: int) -> None:
    """Tell the kernel how these bytes of memory will be used (madvise). Raises OSError."""
    _checked(_LIBRARY.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), advice))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
