"""Processes that die, hang or are ended, each at several stages."""

from __future__ import annotations

import collections
import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.cases import KILLED, harmless, not_graded, unfinished
from tests.faults.stage import (
    Stage,
    after_check,
    before,
    kill,
    module,
    reference_worker,
    replace,
    submission_worker,
    zygote,
)
from tests.faults.strike import at_strike

ENDED = "the process that starts workers has ended"
HANGS = "the process that starts workers hangs"


def forever() -> None:
    time.sleep(3600)


def in_intake(action: Callable[[], None]) -> None:
    """Do something in the process that takes the submission in, after the first results."""
    before("prepare", "take_in", action)


def hurry_zygote() -> None:
    replace("zygote", "ANSWER_SECONDS", 1.5)  # less is no time to start a worker on a busy machine
    module("nursery").PATIENCE = 0.5


@not_graded("NNNNNN", ENDED)
def zygote_dies_before_the_first_worker(stage: Stage) -> None:
    before("run", "RunContext", lambda: kill(zygote()))


@not_graded("PFGPG-", ENDED)
def zygote_dies_in_a_check(stage: Stage) -> None:
    at_strike(lambda: kill(zygote()))


@not_graded("PFPPG-", ENDED)
def zygote_dies_when_a_check_is_over(stage: Stage) -> None:
    after_check("1.3", lambda: kill(zygote()))


@not_graded("PFPPG-", ENDED)
def zygote_dies_between_checks(stage: Stage) -> None:
    after_check("1.4", lambda: kill(zygote()))


@not_graded("PFPPP-", ENDED)
def zygote_dies_after_the_last_check(stage: Stage) -> None:
    after_check("1.5", lambda: kill(zygote()))


def mark(stage: Stage) -> Path:
    return stage.folder / "struck"


@not_graded("PFPPG-", ENDED)
def zygote_dies_while_ending_a_worker(stage: Stage) -> None:
    at_strike(mark(stage).touch)
    before("nursery", "Nursery._end", lambda: kill(os.getpid()) if mark(stage).exists() else None)


@not_graded("PFPPG-", HANGS)
def zygote_hangs_while_ending_a_worker(stage: Stage) -> None:
    hurry_zygote()
    at_strike(mark(stage).touch)
    before("nursery", "Nursery._end", lambda: forever() if mark(stage).exists() else None)


@not_graded("PFPPG-", HANGS)
def zygote_is_stopped_in_a_check(stage: Stage) -> None:
    hurry_zygote()
    at_strike(lambda: kill(zygote(), signal.SIGSTOP))


@not_graded("PFPPG-", HANGS)
def zygote_is_stopped_between_checks(stage: Stage) -> None:
    hurry_zygote()
    after_check("1.4", lambda: kill(zygote(), signal.SIGSTOP))


@not_graded("PFPPG-", "Resource temporarily unavailable")
def zygote_cannot_fork(stage: Stage) -> None:
    fork = os.fork

    def failing() -> int:
        if mark(stage).exists():
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    os.fork = failing
    at_strike(mark(stage).touch)


@not_graded("PFPPG-", ENDED)
def zygote_answers_nonsense(stage: Stage) -> None:
    control = module("nursery").control
    send = control.send

    def nonsense(sock: Any, message: Any, *rest: Any) -> None:
        if mark(stage).exists() and "request" not in message:
            sock.sendall(control.LENGTH.pack(9) + b"nonsense!")
        else:
            send(sock, message, *rest)

    control.send = nonsense
    at_strike(mark(stage).touch)


@unfinished("NNNNNN", "", code=KILLED, leaves_files=True)
def launcher_is_killed_in_intake(stage: Stage) -> None:
    in_intake(lambda: (os.kill(os.getppid(), signal.SIGKILL), forever()))  # type: ignore[func-returns-value]


@unfinished("PFNNN-", "", code=KILLED, leaves_files=True)
def launcher_is_killed_in_a_check(stage: Stage) -> None:
    at_strike(lambda: (os.kill(os.getppid(), signal.SIGKILL), forever()))  # type: ignore[func-returns-value]


@not_graded("NNNNNN", "taking the submission in was ended by SIGKILL")
def intake_is_killed(stage: Stage) -> None:
    in_intake(lambda: kill(os.getpid()))


@not_graded("NNNNNN", "taking the submission in was ended by SIGTERM")
def intake_is_ended(stage: Stage) -> None:
    in_intake(lambda: kill(os.getpid(), signal.SIGTERM))


@not_graded("NNNNNN", "taking the submission in hung")
def intake_hangs(stage: Stage) -> None:
    replace("launcher", "INTAKE_SECONDS", 1.0)
    in_intake(forever)


@not_graded("NNNNNN", "taking the submission in hung")
def intake_is_stopped(stage: Stage) -> None:
    replace("launcher", "INTAKE_SECONDS", 1.0)
    in_intake(lambda: kill(os.getpid(), signal.SIGSTOP))


@not_graded("NNNNNN", "taking the submission in failed .exit status 0.")
def intake_exits_as_if_all_was_well(stage: Stage) -> None:
    in_intake(lambda: os._exit(0))


def parser(stage: Stage, statements: str) -> None:
    """Put statements before the first line of the process that parses."""
    child = stage.folder / "parse_child.py"
    original = module("parse")._CHILD.read_text(encoding="utf-8")
    child.write_text(f"import os, time\n{statements}\n{original}", encoding="utf-8")
    replace("parse", "_CHILD", child)


@harmless()
def parser_is_killed_once(stage: Stage) -> None:
    path = str(mark(stage))
    parser(stage, f"if not os.path.exists({path!r}):\n    open({path!r}, 'w').close()\n    os.kill(os.getpid(), 9)")


@not_graded("NNNNNN", "the process that parses submissions did not start")
def parser_is_killed_each_time(stage: Stage) -> None:
    parser(stage, "os.kill(os.getpid(), 9)")


@not_graded("NNNNNN", "the process that parses submissions did not start")
def parser_is_missing(stage: Stage) -> None:
    replace("parse", "_CHILD", stage.folder / "nothing.py")


@not_graded("NNNNNN", "the process that parses submissions hung")
def parser_hangs(stage: Stage) -> None:
    replace("parse", "_WALL_CLOCK_FACTOR", 0.1)
    parser(stage, "time.sleep(3600)")


@harmless()
def workers_process_is_killed_while_the_submission_is_innocent(stage: Stage) -> None:
    at_strike(lambda: kill(submission_worker()))


@harmless()
def references_worker_is_killed(stage: Stage) -> None:
    at_strike(lambda: kill(reference_worker()))


@not_graded("PFGPP-", "a worker did not start")
def worker_dies_before_it_is_ready(stage: Stage) -> None:
    before("worker", "main", lambda: kill(os.getpid()) if mark(stage).exists() else None)

    def restart() -> None:
        mark(stage).touch()
        kill(submission_worker())

    at_strike(restart)
    after_check("1.3", mark(stage).unlink)


@not_graded("NNNNNN", "grading was ended by SIGKILL. Memory may have run out")
def grading_is_killed_before_the_checks(stage: Stage) -> None:
    before("run", "RunContext", lambda: kill(os.getpid()))


@not_graded("PFNNN-", "grading was ended by SIGKILL. Memory may have run out")
def grading_is_killed_in_a_check(stage: Stage) -> None:
    at_strike(lambda: kill(os.getpid()))


@not_graded("PFPPP-", "grading was ended by SIGKILL. Memory may have run out")
def grading_is_killed_after_the_checks(stage: Stage) -> None:
    before("ledger", "Ledger.finish", lambda: kill(os.getpid()))


@not_graded("PFPPP-", "grading was ended by SIGKILL. Memory may have run out")
def grading_is_killed_while_it_prints(stage: Stage) -> None:
    before("ledger", "TerminalReport.run", lambda: kill(os.getpid()))


@not_graded("PFNNN-", "grading was ended by SIGKILL. Memory may have run out")
def grading_is_killed_in_the_middle_of_a_write(stage: Stage) -> None:
    def die(*_: object) -> None:
        kill(os.getpid())

    at_strike(lambda: setattr(os, "replace", die))


@not_graded("PFNNN-", "grading was ended by SIGTERM")
def grading_is_ended_by_itself(stage: Stage) -> None:
    at_strike(lambda: kill(os.getpid(), signal.SIGTERM))


@not_graded("PFNNN-", "grading was ended by SIGINT")
def grading_is_interrupted_by_itself(stage: Stage) -> None:
    at_strike(lambda: kill(os.getpid(), signal.SIGINT))


@not_graded("PFNNN-", "grading hung")
def grading_is_stopped(stage: Stage) -> None:
    replace("launcher", "MARGIN", 1.0)
    stage.assign(run_seconds=4.0)
    at_strike(lambda: kill(os.getpid(), signal.SIGSTOP))


@not_graded("PFNNN-", "grading failed .exit status 0.")
def grading_exits_as_if_all_was_well(stage: Stage) -> None:
    at_strike(lambda: os._exit(0))


@not_graded("PFNNN-", "grading was ended by SIGSEGV")
def grading_crashes(stage: Stage) -> None:
    at_strike(lambda: kill(os.getpid(), signal.SIGSEGV))


def end_launcher(number: int) -> None:
    os.kill(os.getppid(), number)
    forever()


@unfinished("PFNNN-", "ended by SIGTERM", code=-signal.SIGTERM)
def platforms_time_is_up(stage: Stage) -> None:
    at_strike(lambda: end_launcher(signal.SIGTERM))


@unfinished("PFNNN-", "ended by SIGHUP", code=-signal.SIGHUP)
def terminal_is_closed(stage: Stage) -> None:
    at_strike(lambda: end_launcher(signal.SIGHUP))


@unfinished("PFNNN-", "ended by SIGINT", code=-signal.SIGINT)
def person_interrupts(stage: Stage) -> None:
    at_strike(lambda: end_launcher(signal.SIGINT))


@unfinished("PFNNN-", "ended by SIGTERM", code=-signal.SIGTERM)
def whole_group_is_ended(stage: Stage) -> None:
    at_strike(lambda: os.killpg(0, signal.SIGTERM))


@unfinished("NNNNNN", "ended by SIGTERM", code=-signal.SIGTERM)
def platforms_time_is_up_in_intake(stage: Stage) -> None:
    in_intake(lambda: end_launcher(signal.SIGTERM))


@unfinished("PFNNN-", "ended by SIGTERM", code=-signal.SIGTERM)
def platforms_time_is_up_while_the_zygote_is_stopped(stage: Stage) -> None:
    at_strike(lambda: (kill(zygote(), signal.SIGSTOP), end_launcher(signal.SIGTERM)))  # type: ignore[func-returns-value]


@harmless()
def terminal_is_closed_under_nohup(stage: Stage) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    at_strike(lambda: os.killpg(0, signal.SIGHUP))


def fork_fails(number: int) -> None:
    """The fork of this number fails: 1 intake, 2 grading, 3 zygote."""
    fork, first = os.fork, os.getpid()
    parents = {1: lambda: os.getpid() == first, 2: lambda: os.getpid() == first, 3: lambda: os.getppid() == first}
    counts = itertools.count(1)

    def failing() -> int:
        if parents[number]() and (number == 3 or next(counts) == number):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    os.fork = failing


@not_graded("", "Resource temporarily unavailable")
def no_process_for_intake(stage: Stage) -> None:
    fork_fails(1)


@not_graded("NNNNNN", "Resource temporarily unavailable")
def no_process_for_grading(stage: Stage) -> None:
    fork_fails(2)


@not_graded("NNNNNN", "Resource temporarily unavailable")
def no_process_for_the_zygote(stage: Stage) -> None:
    fork_fails(3)


@not_graded("PFGPP-", "Timeout")
def check_hangs(stage: Stage) -> None:
    module("plugin").BACKSTOP = 0.5
    stage.assign(check_seconds=2.0)
    at_strike(forever)


@not_graded("PFNNN-", "grading hung")
def check_hangs_where_no_signal_is_looked_at(stage: Stage) -> None:
    module("plugin").BACKSTOP = 0.5
    replace("launcher", "MARGIN", 1.0)
    stage.assign(run_seconds=4.0, check_seconds=1.0)
    at_strike(lambda: collections.deque(itertools.repeat(None), maxlen=0))
