"""What a submission leaves behind or learns is found: without that, no hostile submission could fail its test."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.sandbox import privileges
from autograder.settings import load_settings
from tests.canaries import Canaries, planted
from tests.gradings import write_settings
from tests.traces import files_of, processes_of

root = pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux")


@pytest.fixture
def uid() -> int:
    return privileges.unused_id()


@pytest.fixture
def sleeping(uid: int) -> Iterator[int]:
    """A process of `uid` that waits."""
    child = os.fork()
    if child == 0:
        privileges.become(uid)
        signal.pause()
        os._exit(0)
    yield child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@root
def test_a_process_is_found_by_its_user(uid: int, sleeping: int) -> None:
    while not (found := processes_of(range(uid, uid + 1))):
        pass
    assert [f"process {sleeping}:" in one for one in found] == [True]
    assert processes_of(range(uid + 1, uid + 2)) == []


@root
@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/dev/shm"])
def test_a_file_is_found_by_its_owner(folder: str, uid: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as open_to_all:
        os.chmod(open_to_all, 0o777)
        inner = Path(open_to_all, "closed")
        inner.mkdir(mode=0o700)
        left = inner / "left.txt"
        left.touch()
        for path in (inner, left):
            os.chown(path, uid, uid)
        assert files_of(range(uid, uid + 1)) == [f"file {inner}", f"file {left}"]
        assert files_of(range(uid + 1, uid + 2)) == []


def _wrapped(text: str) -> str:
    return f"{text[:9]}\n    {text[9:]}"


@pytest.mark.parametrize("shown", [str, str.upper, _wrapped, lambda text: json.dumps(_wrapped(text))])
def test_a_canary_is_seen_however_it_is_shown(shown: Callable[[str], str], tmp_path: Path) -> None:
    canaries = Canaries(tmp_path)
    string = canaries.new("here")
    canaries.new("elsewhere")
    assert canaries.seen_in(f"before {shown(string)} after") == ["here"]
    assert canaries.seen_in(string[:-1]) == []


def test_a_file_that_a_submission_wrote_to_is_noticed(tmp_path: Path) -> None:
    planting = planted(tmp_path)
    files = planting.__enter__().beside
    files[0].write_text("changed")
    with pytest.raises(AssertionError, match=re.escape(files[0].name)):
        planting.__exit__(None, None, None)
    assert not any(path.exists() for path in files)


def test_other_limits_are_put_into_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "assignment.toml"
    write_settings([("check_seconds", 3), ("memory_mb", 1024)], path)
    assert load_settings(path).limits.check_seconds == 3
    assert load_settings(path).limits.memory_mb == 1024
    with pytest.raises(ValueError, match="0 times"):
        write_settings([("no_such_limit", 3)], path)
