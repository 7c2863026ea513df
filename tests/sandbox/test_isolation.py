"""A worker sees nothing of the grader, and the processes end with one another."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.sandbox import privileges
from autograder.sandbox.handle import RemoteSubmission
from autograder.sandbox.limits import Limits
from autograder.sandbox.nursery import ROOT
from autograder.sandbox.zygote import SandboxError, Zygote
from support.checking import SubmissionError
from tests.sandbox.conftest import Submit

linux = pytest.mark.skipif(not privileges.LINUX, reason="needs Linux")
root = pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux")

LOOK = """
    import os, sys
    def environment(): return dict(os.environ)
    def stack_environment(): return open("/proc/self/environ", "rb").read().strip(b"\\0").decode()
    def arguments(): return sys.argv, open("/proc/self/cmdline").read()
    def path(): return list(sys.path)
    def modules(): return list(sys.modules)
    def descriptors():
        return sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))
    def ids(): return os.getresuid(), os.getresgid(), os.getgroups()
    def status(): return dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    def limits(): return open("/proc/self/limits").read()
    def read(path): return open(path).read()
    def names(path): return os.listdir(path)
    def write(path): open(path, "w").write("x")
    def kill(pid): os.kill(pid, 9)
    def parent(): return os.getppid()
    def import_grader(): import autograder
    def me(): return os.getpid(), os.getsid(0), os.getpgid(0)
    def folder(): return os.getcwd(), __file__
    def subprocess_descriptors():
        import subprocess
        return subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, text=True).stdout.split()
"""


@pytest.fixture
def look(submit: Submit) -> Any:
    return submit(LOOK).model


def refused(call: Callable[[], object]) -> bool:
    with pytest.raises(SubmissionError) as caught:
        call()
    return "PermissionError" in caught.value.type_names


@root
def test_everything_is_in_place_here(submit: Submit) -> None:
    submission = submit(LOOK)
    submission.model.me()
    assert submission.session.missing == []


def test_the_environment_is_made_anew(look: Any) -> None:
    environment = look.environment()
    assert set(environment) - {"CUDA_VISIBLE_DEVICES"} == {
        *("USER", "LOGNAME", "HOME", "TMPDIR", "PATH", "LANG", "MPLBACKEND"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    }
    assert environment["HOME"] == environment["TMPDIR"] == look.folder()[0]


def test_no_argument_folder_or_module_of_the_grader_is_left(look: Any) -> None:
    arguments, _ = look.arguments()
    assert arguments == [""]
    inside = [entry for entry in look.path()[1:] if Path(entry).is_relative_to(ROOT)]
    assert all("site-packages" in entry for entry in inside)
    assert "" not in look.path()
    modules = look.modules()
    ours = ("autograder", "support", "tests", "pytest", "_pytest")
    assert not [name for name in modules if name.partition(".")[0] in ours]
    with pytest.raises(SubmissionError, match="No module named 'autograder'"):
        look.import_grader()


@linux
def test_no_descriptor_is_inherited(submit: Submit) -> None:
    look = submit(LOOK, limits=Limits(closed=False)).model
    assert look.descriptors() == [0, 1, 2, 3]
    assert look.subprocess_descriptors() == ["0", "1", "2", "3"]  # the last one is the folder that `ls` reads


def test_a_worker_has_its_own_session_and_folder(look: Any) -> None:
    pid, session, group = look.me()
    assert pid == session == group
    assert look.folder()[0] != os.getcwd()


@root
def test_the_worker_is_nobody(look: Any) -> None:
    users, groups, more = look.ids()
    assert len({*users, *groups}) == 1
    assert users[0] in privileges.UNUSED_IDS
    assert more == []
    status = look.status()
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapInh"], 16) == 0


@linux
def test_limits_are_set_for_good(look: Any) -> None:
    lines = {line[:25].strip(): line[25:].split()[:2] for line in look.limits().splitlines()[1:]}
    assert lines["Max core file size"] == ["0", "0"]
    assert lines["Max file size"] == [str(16 << 20)] * 2
    assert lines["Max open files"] == ["64", "64"]
    assert lines["Max cpu time"] == ["900", "900"]
    soft, hard = lines["Max address space"]
    assert soft == hard != "unlimited"


@root
def test_other_processes_are_out_of_reach(look: Any) -> None:
    for pid in (os.getpid(), look.parent(), 1):
        assert refused(lambda pid=pid: look.kill(pid))
        assert refused(lambda pid=pid: look.read(f"/proc/{pid}/environ"))
        assert refused(lambda pid=pid: look.read(f"/proc/{pid}/mem"))
        assert refused(lambda pid=pid: look.names(f"/proc/{pid}/fd"))


@root
def test_the_submission_cannot_be_changed(look: Any) -> None:
    _, source = look.folder()
    assert refused(lambda: look.write(source))
    assert refused(lambda: look.write(str(Path(source).with_name("extra.py"))))
    look.write("in its own folder")


@root
def test_protected_files_cannot_be_read(submit: Submit, zygote: Zygote) -> None:
    look = submit(LOOK, limits=Limits(closed=False)).model
    public = Path("/tmp") / f"secrets-{os.getpid()}"
    secret = public / "reference" / "solution.py"
    try:
        secret.parent.mkdir(parents=True)
        secret.write_text("canary")
        public.chmod(0o755)
        assert look.read(str(secret)) == "canary"
        assert zygote.protect([secret.parent, public / "missing"]) == []
        assert refused(lambda: look.read(str(secret)))
        assert refused(lambda: look.names(str(secret.parent)))
        assert refused(lambda: look.write(str(secret)))
    finally:
        shutil.rmtree(public)


@root
def test_a_path_that_stays_open_is_a_problem(zygote: Zygote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(privileges, "close_to_others", lambda paths: [])
    assert zygote.protect([Path("/usr/bin")]) == ["/usr/bin: open to the submission's user"]


@root
def test_a_folder_that_the_worker_cannot_enter_is_no_fault_of_the_submission(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    with pytest.raises(SandboxError, match="cannot enter"):
        submit("def f(): pass").model.f()


def test_a_zygote_that_is_gone_is_no_fault_of_the_submission(tmp_path: Path) -> None:
    write_submission(tmp_path, LOOK)
    with Zygote.start_apart() as zygote:
        submission = RemoteSubmission(zygote, tmp_path)
        parent, (pid, *_) = submission.model.parent(), submission.model.me()
        os.kill(parent, signal.SIGKILL)
        wait_for(lambda: not psutil.pid_exists(pid))
        with pytest.raises(SandboxError):
            submission.model.me()
        with contextlib.suppress(SandboxError):
            submission.close()


@linux
def test_everything_ends_with_the_grader() -> None:
    script = """
        zygote = start_zygote()
        submission = RemoteSubmission(zygote, code)
        print(submission.model.parent(), submission.model.me()[0], flush=True)
        import os
        os.kill(os.getpid(), 9)
    """
    pids = [int(pid) for pid in run_script(script, LOOK, status=-9).split()]
    wait_for(lambda: not any(map(psutil.pid_exists, pids)))


@pytest.mark.parametrize("start", ["start", "start_apart"])
def test_both_ways_to_start_serve_without_a_warning(start: str) -> None:
    script = """
        import torch
        with start_zygote() as zygote, RemoteSubmission(zygote, code) as submission:
            torch.randn(400, 400) @ torch.randn(400, 400)
            print(submission.model.f(torch.ones(3)).tolist(), "pytest" in submission.model.modules())
    """
    extra = """
    def f(x):
        import torch, warnings
        warnings.warn("a student's warning")
        return (torch.ones(600, 600) @ torch.ones(600, 600))[0, :3] * x
"""
    assert run_script(script, LOOK + extra, start=start) == "[600.0, 600.0, 600.0] False\n"


@root
def test_it_works_without_root_and_says_what_is_missing() -> None:
    """There the worker can look at its own process: the grader's environment must be gone from its memory."""
    script = """
        import os, psutil
        with start_zygote() as zygote, RemoteSubmission(zygote, code) as submission:
            print(submission.model.ids()[0][0] == os.getuid(), submission.session.missing, zygote.protect([]))
            print(repr(submission.model.stack_environment()))
        with start_zygote() as zygote, RemoteSubmission(zygote, code, limits=Limits(closed=False)) as submission:
            submission.model.leave_daemon()
            submission.session.fresh()
            submission.model.me()
            print([one.info for one in psutil.process_iter(["cmdline"]) if "54321" in (one.info["cmdline"] or [])])
    """
    daemon = """
    def leave_daemon():
        import subprocess
        subprocess.Popen(["sleep", "54321"], start_new_session=True)
"""
    printed = run_script(script, LOOK + daemon, user=privileges.unused_id(), environment={"CANARY": "c"}).split("\n")
    assert printed[0].startswith("True ['a user id of its own'] ['the grader does not run as root")
    assert printed[1:] == ["''", "[]", ""]


def write_submission(folder: Path, source: str) -> None:
    (folder / "charlm").mkdir()
    (folder / "charlm" / "model.py").write_text(textwrap.dedent(source))


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter and write to, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def copy_sandbox(target: Path) -> Path:
    for part in ("autograder/sandbox", "student_template/tests/support"):
        shutil.copytree(ROOT / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)
    return target


def run_script(
    script: str,
    source: str,
    *,
    start: str = "start",
    status: int = 0,
    user: int | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a grader of a few lines in a process of its own; what it printed."""
    head = """
        import sys
        from pathlib import Path
        from autograder.sandbox.handle import RemoteSubmission
        from autograder.sandbox.limits import Limits
        from autograder.sandbox.zygote import Zygote
        code, start_zygote = Path(sys.argv[1]), getattr(Zygote, sys.argv[2])
    """
    with open_folder() as code:
        # Another user cannot read the grader where it has graded as root before, so that one gets a copy.
        grader = ROOT if user is None else copy_sandbox(code / "grader")
        places = os.pathsep.join([str(grader), str(grader / "student_template" / "tests")])
        write_submission(code, source)
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(head) + textwrap.dedent(script), str(code), start],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": places, "TMPDIR": str(code), **(environment or {})},
            capture_output=True,
            text=True,
            timeout=60,
            **({} if user is None else {"user": user, "group": user, "extra_groups": []}),
        )
    assert result.returncode == status, result.stderr
    assert result.stderr == ""
    return result.stdout


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
