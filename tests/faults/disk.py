"""Disks that are full, read-only or failing, at each write."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import paths
from tests.faults.cases import harmless, not_graded, unfinished, without_results
from tests.faults.stage import Stage, after_check, module, replace, zygote
from tests.faults.strike import at_strike

FULL = "No space left on device"


def full() -> OSError:
    return OSError(errno.ENOSPC, FULL)


def writes_fail(when: Callable[[dict[str, Any]], bool]) -> None:
    """Let the writing of results fail for the documents that `when` says."""
    write_text = module("store").write_text

    def failing(path: Path, text: str, **options: Any) -> None:
        if when(json.loads(text)):
            raise full()
        write_text(path, text, **options)

    replace("store", "write_text", failing)


def verdicts(document: dict[str, Any]) -> int:
    return sum("status" in test for test in document["tests"])


def state(document: dict[str, Any]) -> str:
    return str(document["extra_data"]["state"])


@harmless()
def full_at_the_first_results_for_a_moment(stage: Stage) -> None:
    left = [True, True]
    writes_fail(lambda document: verdicts(document) == 0 and bool(left) and left.pop())


@not_graded("", FULL, printed=f"results.json cannot be written: {FULL}")
def full_at_the_first_results(stage: Stage) -> None:
    writes_fail(lambda document: state(document) == "unfinished")


@harmless(printed=FULL)
def full_at_the_second_results(stage: Stage) -> None:
    writes_fail(lambda document: verdicts(document) == 1)


@harmless(printed=FULL)
def full_for_several_results(stage: Stage) -> None:
    writes_fail(lambda document: 2 <= verdicts(document) <= 4 and state(document) == "unfinished")


@harmless()
def full_at_the_last_results_for_a_moment(stage: Stage) -> None:
    left = [True, True]
    writes_fail(lambda document: state(document) == "graded" and bool(left) and left.pop())


@not_graded("PFPPP-", FULL)
def full_at_the_last_results(stage: Stage) -> None:
    writes_fail(lambda document: state(document) == "graded")


@unfinished("PFNNN-", FULL)
def full_from_the_third_results_on(stage: Stage) -> None:
    writes_fail(lambda document: verdicts(document) > 2 or state(document) != "unfinished")


@unfinished("PFNNN-", FULL)
def full_when_the_zygote_is_dead(stage: Stage) -> None:
    """Two faults at once: the second keeps the first from being told in the results."""
    at_strike(lambda: zygote().kill())
    writes_fail(lambda document: verdicts(document) > 2 or state(document) != "unfinished")


def fill(folder: Path) -> Path:
    """Leave no room on the file system of this folder; the file that takes it."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            return path


@unfinished("PFNNN-", FULL, needs_mount=True)
def real_disk_is_full_from_the_middle_on(stage: Stage) -> None:
    stage.mount(stage.out, "size=256k")
    at_strike(lambda: fill(stage.out))


@harmless(printed=FULL, needs_mount=True)
def real_disk_is_full_for_a_while(stage: Stage) -> None:
    stage.mount(stage.out, "size=256k")
    at_strike(lambda: fill(stage.out))
    after_check("1.4", (stage.out / "filling").unlink)


@unfinished("PFNNN-", "Read-only file system", needs_mount=True)
def results_folder_becomes_read_only(stage: Stage) -> None:
    stage.mount(stage.out, "size=256k")
    at_strike(lambda: subprocess.run(["mount", "-o", "remount,ro", str(stage.out)], check=True))


@harmless(needs_mount=True)
def temporary_folder_is_full_from_the_start(stage: Stage) -> None:
    stage.mount(stage.temporary, "size=64k")
    fill(stage.temporary)


@not_graded("NNNNNN", FULL, needs_mount=True)
def temporary_folder_has_no_room_for_the_copies(stage: Stage) -> None:
    stage.mount(stage.temporary, "size=16k")


@not_graded("PFPPG-", FULL, needs_mount=True)
def temporary_folder_is_full_from_the_middle_on(stage: Stage) -> None:
    stage.mount(stage.temporary, "nr_inodes=100")

    def use_up() -> None:
        try:
            for number in range(200):
                (stage.work / f"filling-{number}").touch()
        except OSError:
            pass

    after_check("1.4", use_up)


@not_graded("", FULL)
def no_temporary_folder_can_be_made(stage: Stage) -> None:
    def failing(*_: object, **__: object) -> str:
        raise full()

    tempfile.mkdtemp = failing  # type: ignore[assignment]


@unfinished("PFNNN-", "File too large")
def files_may_not_be_large(stage: Stage) -> None:
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    at_strike(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most)))
    writes_fail(lambda document: state(document) == "not graded")


@unfinished("PFPPP-", "Input/output error")
def disk_fails_when_the_last_results_are_to_last(stage: Stage) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    at_strike(lambda: None)
    replace("store", "os", _With(os, fsync=failing))


class _With:
    """A module with some functions replaced, for one of its users."""

    def __init__(self, original: object, **replaced: object) -> None:
        self.__dict__.update(replaced)
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@not_graded("NNNNNN", FULL)
def full_at_intakes_copy(stage: Stage) -> None:
    def failing(*_: object) -> str:
        raise full()

    replace("collect", "_put", failing)


def written_text(action: Callable[[Path], None], name: str) -> None:
    """Do something in place of the writing of a text file of this name."""
    write_text = Path.write_text

    def changed(self: Path, *arguments: Any, **options: Any) -> int:
        if self.name != name:
            return write_text(self, *arguments, **options)
        action(self)
        return 0

    Path.write_text = changed  # type: ignore[method-assign]


@not_graded("NNNNNN", FULL)
def full_at_intakes_record(stage: Stage) -> None:
    def failing(path: Path) -> None:
        raise full()

    written_text(failing, "intake.json")


@not_graded("NNNNNN", "JSONDecodeError")
def intakes_record_is_cut_off(stage: Stage) -> None:
    written_text(lambda path: path.write_bytes(b'{"files": {'), "intake.json")  # type: ignore[arg-type,return-value]


@not_graded("NNNNNN", "FileNotFoundError")
def intakes_record_of_the_time_limit_is_missing(stage: Stage) -> None:
    written_text(lambda path: None, "run_seconds")


@harmless()
def results_are_a_folder(stage: Stage) -> None:
    stage.results.mkdir()
    (stage.results / "something").touch()


@harmless()
def results_become_a_folder(stage: Stage) -> None:
    def change() -> None:
        stage.results.unlink()
        stage.results.mkdir()

    at_strike(change)


@harmless()
def results_are_a_link(stage: Stage) -> None:
    target = stage.folder / "elsewhere.json"
    target.write_text("untouched")
    stage.results.symlink_to(target)


@harmless()
def results_become_a_link_to_a_folder(stage: Stage) -> None:
    def change() -> None:
        stage.results.unlink()
        stage.results.symlink_to(stage.folder)

    at_strike(change)


@harmless()
def results_folder_is_deleted(stage: Stage) -> None:
    def delete() -> None:
        stage.results.unlink()
        stage.out.rmdir()

    at_strike(delete)


@without_results(2, "the results folder cannot be used")
def results_folder_is_a_file(stage: Stage) -> None:
    stage.out.rmdir()
    stage.out.write_text("a file")


@without_results(3, "the results folder cannot be used", platform=True)
def platforms_results_folder_is_a_file(stage: Stage) -> None:
    stage.out.rmdir()
    stage.out.write_text("a file")


def written_at_the_start(stage: Stage) -> None:
    """What run_autograder writes before anything else."""
    script = (paths.ROOT / "run_autograder").read_text(encoding="utf-8")
    stage.results.write_text(script.partition("<<'JSON'")[2].partition("\n")[2].partition("\nJSON\n")[0])


@not_graded("", "could not start", printed="Read-only file system", platform=True, needs_mount=True)
def platforms_results_folder_is_read_only(stage: Stage) -> None:
    stage.mount(stage.out, "size=256k")
    written_at_the_start(stage)
    subprocess.run(["mount", "-o", "remount,ro", str(stage.out)], check=True)


@not_graded("", "could not start", printed=FULL, platform=True)
def platforms_disk_is_full_from_the_start(stage: Stage) -> None:
    written_at_the_start(stage)
    writes_fail(lambda document: True)


def garbage(stage: Stage, text: str) -> None:
    stage.results.write_text(text)
    stage.assignment("total_points = 100", "total_points = 90")


@not_graded("", "points add up to 100", code=2, platform=True)
def earlier_results_are_no_json(stage: Stage) -> None:
    garbage(stage, '{"tests": [{"numb')


@not_graded("", "points add up to 100", code=2, platform=True)
def earlier_results_are_of_another_kind(stage: Stage) -> None:
    garbage(stage, '{"tests": {"number": "1.1"}}')


@not_graded("", "points add up to 100", code=2, platform=True)
def earlier_results_hold_numbers(stage: Stage) -> None:
    garbage(stage, '{"tests": [1, 2]}')
