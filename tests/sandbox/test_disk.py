"""What a submission writes costs one call when it is too much, is deleted with its worker, and never fills the disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.sandbox import privileges
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import MIB, Limits
from autograder.sandbox.replies import FilledDisk
from autograder.sandbox.zygote import SandboxError
from support.checking import SubmissionError, WorkerDied
from tests.sandbox.conftest import Submit, kind_of

linux = pytest.mark.skipif(not privileges.LINUX, reason="needs Linux")
root = pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux")


def test_too_large_a_file_costs_the_call(submit: Submit) -> None:
    source = "def f():\n    with open('big', 'wb') as file: file.write(bytes(2**20 * 9))"
    submission = submit(source, limits=Limits(file_size=8 * MIB))
    assert kind_of(submission.model.f)[0] in (SubmissionError, WorkerDied)


def test_the_scratch_folders_are_deleted(submit: Submit) -> None:
    submission = submit("import os\ndef f():\n    open('x', 'w').close()\n    return os.getcwd()")
    folder = Path(submission.model.f())
    assert folder.is_dir()
    submission.close()
    assert not folder.parent.exists()
    assert not os.path.lexists(folder)


FILLING = """
    import os, time
    def files(count, size):
        for number in range(count):
            with open(f"file-{number}", "wb") as file: file.write(bytes(size))
        return count
    def files_and_wait(count, size):
        files(count, size)
        time.sleep(60)
    def nested(depth):
        for _ in range(depth):
            os.mkdir("a" * 20)
            os.chdir("a" * 20)
    def links():
        os.symlink("/usr", "usr")
        os.symlink(".", "self")
        os.symlink("nowhere", "broken")
        return "fine"
    def rewrite(count, size):
        for _ in range(count): files(1, size)
        return "fine"
    def g(): return "fine"
"""


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("files", (5, MIB)), ("files_and_wait", (5, MIB)), ("files", (101, 0)), ("nested", (600,))],
)
def test_too_many_files_cost_the_call(submit: Submit, function: str, arguments: tuple[int, ...]) -> None:
    submission = submit(FILLING, limits=Limits(scratch=4 * MIB, scratch_files=100))
    began = time.monotonic()
    found, message = kind_of(lambda: getattr(submission.model, function)(*arguments))
    assert found is WorkerDied
    assert message == "the submission wrote more than 4 MB of files, or more than 100 files"
    assert time.monotonic() - began < 4
    assert submission.model.g() == "fine"


def test_files_within_the_limits_cost_nothing(submit: Submit) -> None:
    submission = submit(FILLING, limits=Limits(scratch=4 * MIB, scratch_files=100))
    assert submission.model.files(3, MIB) == 3
    submission.session.fresh()
    assert submission.model.files(99, 0) == 99
    submission.session.fresh()
    assert submission.model.rewrite(20, MIB) == "fine"
    assert submission.model.links() == "fine"


HIDDEN = """
    import os, time
    kept = []
    def g(): return "fine"
    def wait(seconds): time.sleep(seconds)
    def hide(count, size):
        for number in range(count):
            file = open("file", "wb")
            os.unlink("file")
            file.write(bytes(size))
            file.flush()
            kept.append(file)
        time.sleep(60)
"""


def test_deleted_files_that_are_still_open_do_not_fill_the_disk(submit: Submit) -> None:
    """With a floor that any disk is below, so that only what the worker takes decides."""
    submission = submit(HIDDEN, limits=Limits(scratch=64 * MIB, free=1 << 60))
    assert submission.model.wait(0.6) is None
    began = time.monotonic()
    assert kind_of(lambda: submission.model.hide(14, 12 * MIB)) == (FilledDisk, FILLED)
    assert time.monotonic() - began < 8
    assert submission.model.g() == "fine"


FILLED = "the submission filled the disk with files that it had deleted and still held open"


class Disk:
    """Stands in for os.statvfs: so many MB are left at the first look, at the next ones, and after the worker's end."""

    def __init__(self, submission: RemoteSubmission, before: int, during: int, after: int) -> None:
        self._submission, self._megabytes = submission, [before, during, after]

    def __call__(self, path: object) -> SimpleNamespace:
        before, during, after = self._megabytes
        worker = self._submission.session._worker
        left = during if worker is not None else after if self._submission.session.generation else before
        return SimpleNamespace(f_bavail=left * 256, f_frsize=4096)


@pytest.mark.parametrize(
    ("before", "during", "after", "error"),
    [
        (1000, 100, 1000, FilledDisk),
        (1000, 100, 140, FilledDisk),
        (1000, 100, 120, SandboxError),
        (200, 140, 200, None),
        (1000, 300, 1000, None),
    ],
)
def test_room_on_the_disk_is_watched_during_a_call(
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    during: int,
    after: int,
    error: type[Exception] | None,
) -> None:
    submission = submit(HIDDEN, limits=Limits(scratch=64 * MIB, free=256 * MIB))
    monkeypatch.setattr("os.statvfs", Disk(submission, before, during, after))
    if error is None:
        submission.model.wait(0.6)
        return
    with pytest.raises(error) as caught:
        submission.model.wait(60)
    assert FILLED in str(caught.value) or "not the submission that filled it" in str(caught.value)


def test_folders_nested_deeply_are_deleted(submit: Submit) -> None:
    submission = submit(FILLING + "    def folder(): return os.getcwd()\n", limits=Limits(scratch_files=10**6))
    folder = Path(submission.model.folder())
    assert kind_of(lambda: submission.model.nested(3000)) == (
        WorkerDied,
        "the submission made a folder that cannot be looked into: File name too long",
    )
    assert submission.model.g() == "fine"
    submission.close()
    assert not folder.parent.exists()


@root
def test_what_a_submission_leaves_in_shared_folders_is_deleted(submit: Submit) -> None:
    source = """
        import os
        def f(names):
            for name in names:
                os.makedirs(name + "/inside")
                open(name + "/inside/file", "w").close()
    """
    names = [f"{folder}/left-{os.getpid()}" for folder in ("/tmp", "/dev/shm") if os.access(folder, os.W_OK)]
    submission = submit(source, limits=Limits(closed=False))
    submission.model.f(names)
    assert all(map(os.path.exists, names))
    submission.close()
    assert not any(map(os.path.exists, names))
