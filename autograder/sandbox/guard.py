"""Refuses student code the interpreter's ways to objects that are in nobody's reach, such as the worker's seal.

It also refuses to exchange the code of functions that grading relies on, which the seal does not look for. It closes
those in plain Python; those through the machine's memory, such as ctypes, stay open. What is in reach, as the
frames of the functions that called a submission, is no secret, and code may look at it.
"""

from __future__ import annotations

import sys
import threading
from types import BuiltinFunctionType, FunctionType

from autograder.sandbox.failures import reason

ALL_OBJECTS = {"gc.get_objects", "gc.get_referrers", "gc.get_referents"}
ALL_FRAMES = {"sys._current_frames", "sys._current_exceptions"}
TRACES = {"sys.settrace", "sys.setprofile"}  # the worker ends those that are left, but only its own thread's
MONITORS = {"sys.monitoring.register_callback"}  # since Python 3.12; a profiler's callbacks are C functions
CHANGES = {"object.__setattr__", "object.__delattr__"}
INSIDE = {"__code__", "__defaults__", "__kwdefaults__"}  # of a function


class Refused(Exception):
    """Student code wanted to see or to change what is none of its own."""


def install(functions: frozenset[int]) -> None:
    """From now on, in this process and for good. `functions` are the ids of those that nobody may change."""
    watched = ALL_OBJECTS | ALL_FRAMES | TRACES | MONITORS | CHANGES
    own, current = threading.get_ident(), threading.get_ident

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event not in watched or (event in TRACES and current() == own):
            return
        if event in CHANGES:
            if args[1] in INSIDE and id(args[0]) in functions and type(args[0]) is FunctionType:
                raise Refused(reason(f"{args[0].__module__}.{args[0].__qualname__}"))
            return
        if event in MONITORS and (args[0] is None or isinstance(args[0], BuiltinFunctionType)):
            return
        raise Refused(f"your code uses {event}, which shows more than its own objects; grading does not allow it")

    sys.addaudithook(hook)
