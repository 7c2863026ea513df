"""A report that cannot be gathered, drawn or written: it is said, and the results stay as they are."""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import NoReturn

from autograder.grading import exhibits
from autograder.report import grade_page
from tests.faults.cases import harmless
from tests.faults.stage import Stage, before, kill, replace, zygote

FULL = os.strerror(errno.ENOSPC)


def _fail(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, FULL)


@harmless(printed="the report has no pictures: ValueError: no exhibit")
def exhibits_fail(stage: Stage) -> None:
    def gather(*_: object) -> NoReturn:
        raise ValueError("no exhibit")

    replace("run", "gather", gather)


@harmless(printed="the report has no pictures: .*the process that starts workers has ended")
def zygote_dies_before_the_exhibits(stage: Stage) -> None:
    replace("run", "gather", exhibits.gather)
    before("run", "gather", lambda: kill(zygote()))


@harmless(printed=f"there is no report: .*{FULL}")
def full_at_what_the_report_needs(stage: Stage) -> None:
    replace("report_part", "hand_over", _fail)


@harmless(printed=f"there is no report: .*{FULL}")
def full_at_the_pages(stage: Stage) -> None:
    grade_page.write_text = _fail


@harmless(printed="there is no report: the process that was writing it was ended by SIGKILL")
def page_writer_is_killed(stage: Stage) -> None:
    before("report_part", "write", lambda: os.kill(os.getpid(), signal.SIGKILL))


@harmless(printed="there is no report: not done after 1 s")
def page_writer_hangs(stage: Stage) -> None:
    replace("report_part", "SECONDS", 1.0)
    before("report_part", "write", lambda: time.sleep(3600))


@harmless(code=-signal.SIGTERM, printed="ended by SIGTERM")
def ended_while_the_pages_are_written(stage: Stage) -> None:
    before("report_part", "write", lambda: (os.kill(os.getppid(), signal.SIGTERM), time.sleep(3600)))
