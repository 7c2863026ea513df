"""What the kernel refuses to a worker, and that honest code does not notice."""

from __future__ import annotations

import errno
import os
import platform
import re
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.sandbox import landlock, privileges, seccomp
from autograder.sandbox.limits import Limits
from support.checking import WorkerDied
from tests.sandbox.conftest import Submit

here = seccomp.processor()
filtered = pytest.mark.skipif(not privileges.LINUX or here is None, reason="needs Linux on x86-64 or arm64")
landlocked = pytest.mark.skipif(not privileges.LINUX or not landlock.version(), reason="needs Landlock")
X86, ARM = seccomp.PROCESSORS["x86_64"], seccomp.PROCESSORS["aarch64"]
PID = 4711
HEADERS = [
    (X86, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    (X86, "/usr/include/asm/unistd_64.h"),
    (ARM, "/usr/include/asm-generic/unistd.h"),
]
LOOKED_AT = {
    name.lower(): getattr(seccomp, name)
    for name in ("CLONE", "CLONE3", "SOCKETPAIR", "IOCTL", "KILL", "TGKILL", "PRLIMIT64", "PRCTL", "SECCOMP")
}


def decide(on: seccomp.Processor, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the kernel would make of a system call: an interpreter for the instructions that the filters use."""
    six = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, on.audit if audit is None else audit, 0, *six)
    steps = list(struct.iter_unpack("=HBBI", seccomp.program(on, PID)))
    at = accumulator = 0
    while True:
        code, skip_if, skip_unless, value = steps[at]
        at += 1
        if code == seccomp.RETURN:
            return int(value)
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == seccomp.AND:
            accumulator &= value
        else:
            true = accumulator == value if code == seccomp.JUMP_EQUAL else accumulator > value
            assert code in (seccomp.JUMP_EQUAL, seccomp.JUMP_GREATER)
            at += skip_if if true else skip_unless


@pytest.mark.parametrize("on", [X86, ARM])
def test_each_named_call_is_refused_and_no_other(on: seccomp.Processor) -> None:
    named = {numbers[on.column] for numbers in seccomp.REFUSED.values()}
    looked_at = {numbers[on.column] for name, numbers in LOOKED_AT.items() if name != "seccomp"}
    for number in range(seccomp.NEWEST + 1):
        if number not in looked_at:
            assert decide(on, number) == (seccomp.REFUSE if number in named else seccomp.ALLOW), number
    assert decide(on, seccomp.NEWEST + 1) == decide(on, 0x40000000 + 39) == decide(on, -1) == seccomp.UNKNOWN
    assert decide(on, on.column, audit=0x40000003) == seccomp.REFUSE  # i386


@pytest.mark.parametrize("on", [X86, ARM])
@pytest.mark.parametrize(
    ("name", "arguments", "verdict"),
    [
        ("clone3", (0,), seccomp.UNKNOWN),
        ("clone", (0x3D0F00,), seccomp.ALLOW),  # a thread, as the C library makes it
        ("clone", (0x1200011,), seccomp.REFUSE),  # a fork
        ("clone", (0x10000 | 0x10000000,), seccomp.REFUSE),  # a new namespace of users
        ("socketpair", (1,), seccomp.ALLOW),
        ("socketpair", (2,), seccomp.REFUSE),
        ("kill", (PID, 9), seccomp.ALLOW),
        ("kill", (1, 9), seccomp.REFUSE),
        ("kill", (0xFFFFFFFF, 9), seccomp.REFUSE),
        ("kill", (0, 9), seccomp.REFUSE),
        ("tgkill", (PID, PID + 1, 9), seccomp.ALLOW),
        ("tgkill", (1, 1, 9), seccomp.REFUSE),
        ("prlimit64", (0,), seccomp.ALLOW),
        ("prlimit64", (1,), seccomp.REFUSE),
        ("prctl", (1, 0), seccomp.REFUSE),
        ("prctl", (1 | 1 << 32, 0), seccomp.REFUSE),  # the kernel looks at the low half, too
        ("prctl", (15, 0), seccomp.ALLOW),
        ("ioctl", (0, 0x5412), seccomp.REFUSE),
        ("ioctl", (0, 0x5401), seccomp.ALLOW),
    ],
)
def test_some_calls_are_decided_by_an_argument(
    on: seccomp.Processor, name: str, arguments: tuple[int, ...], verdict: int
) -> None:
    assert decide(on, LOOKED_AT[name][on.column], *arguments) == verdict


@pytest.mark.parametrize(("on", "header"), HEADERS)
def test_the_numbers_are_the_kernels(on: seccomp.Processor, header: str) -> None:
    if not Path(header).exists():
        pytest.skip("this system lacks the kernel's headers")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    numbers = {name: int(number) for name, number in lines}
    for name, ours in {**seccomp.REFUSED, **LOOKED_AT}.items():
        if name in numbers:
            assert ours[on.column] == numbers[name], name
    assert len(numbers.keys() & seccomp.REFUSED.keys()) > 50


@pytest.mark.parametrize(("machine", "known"), [("x86_64", True), ("aarch64", True), ("riscv64", False)])
def test_an_unknown_processor_has_no_filter(monkeypatch: pytest.MonkeyPatch, machine: str, known: bool) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert (seccomp.processor() is not None) is known


RAW = """
    import ctypes, mmap, os, platform, signal, socket, threading
    libc = ctypes.CDLL(None, use_errno=True)
    def call(number, *arguments):
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
        return result, ctypes.get_errno()
    def attempt(expression):
        try: return repr(eval(expression))
        except OSError as error: return error.errno
    def from_a_thread(number):
        found = []
        thread = threading.Thread(target=lambda: found.append(call(number)))
        thread.start()
        thread.join()
        return found[0]
    def code(machine_code):
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(machine_code.encode("latin-1"))
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
        return function()
    def status(): return dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
"""


@filtered
def test_the_kernel_refuses_each_named_call(submit: Submit) -> None:
    assert here is not None
    model = submit(RAW).model
    for name, numbers in seccomp.REFUSED.items():
        number = numbers[here.column]
        if number is not None:
            assert model.call(number, 0, 0, 0, 0, 0, 0) == (-1, errno.EPERM), name
    assert model.from_a_thread(seccomp.REFUSED["ptrace"][here.column]) == (-1, errno.EPERM)
    assert model.call(0x40000000 + 39) == (-1, errno.ENOSYS)
    assert model.status()["Seccomp"].strip() == "2"


@filtered
@pytest.mark.parametrize(
    "expression",
    [
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "socket.socket(16, socket.SOCK_RAW)",
        "os.memfd_create('x')",
        "os.kill(os.getppid(), 9)",
        "os.kill(os.getppid(), 0)",
        "os.kill(-1, 9)",
        "os.killpg(0, 9)",
        "__import__('resource').prlimit(os.getppid(), 7)",
    ],
)
def test_python_says_that_it_is_not_permitted(submit: Submit, expression: str) -> None:
    model = submit(RAW).model
    assert model.attempt(expression) in (errno.EPERM, errno.EACCES)
    assert model.attempt("1") == "1"


@filtered
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 has a second table of system calls")
def test_calls_of_a_foreign_architecture_are_refused(submit: Submit) -> None:
    getpid = "\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3"  # push rbx; mov eax, 20; int 0x80; pop rbx; ret
    model = submit(RAW).model
    try:
        result = model.code(getpid)
    except WorkerDied:
        pytest.skip("this kernel has no calls for 32 bits")
    assert result == -errno.EPERM


@landlocked
@pytest.mark.parametrize(
    "expression",
    [
        "os.listdir('/')",
        "os.listdir('/tmp')",
        "os.listdir('/proc')",
        "os.listdir('/proc/1')",
        "open('/etc/passwd')",
        "open('/proc/1/cmdline')",
        "open(f'/proc/{os.getppid()}/status')",
        "open('/proc/version')",
        "open('/tmp/left-behind', 'w')",
        "open('/dev/shm/left-behind', 'w')",
        "open('/var/tmp/left-behind', 'w')",
        "os.mkdir('/tmp/left-behind')",
        "os.mkfifo('pipe')",
        "os.symlink('/etc/passwd', '/tmp/left-behind')",
        "os.symlink('/etc/passwd', 'link') or open('link')",
        "os.link('/etc/passwd', 'link')",
        "open('/dev/tty')",
        "open(__file__, 'a')",
    ],
)
def test_other_files_are_closed(submit: Submit, expression: str) -> None:
    assert submit(RAW).model.attempt(expression) in (errno.EPERM, errno.EACCES)


@landlocked
def test_an_open_secret_cannot_be_read(submit: Submit, tmp_path: Path) -> None:
    """Landlock closes what the rights of files leave open."""
    secret = Path("/tmp") / f"secret-{os.getpid()}"
    try:
        secret.write_text("canary")
        secret.chmod(0o644)
        assert submit(RAW).model.attempt(f"open('{secret}').read()") == errno.EACCES
        open_one = submit(RAW, limits=Limits(closed=False)).model
        assert open_one.attempt(f"open('{secret}').read()") == "'canary'"
    finally:
        secret.unlink()


HONEST = {
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        def f(): return list(ThreadPoolExecutor(4).map(abs, [-1, 2]))
    """,
    "temporary files": """
        import tempfile
        def f():
            with tempfile.TemporaryFile() as one, tempfile.NamedTemporaryFile("w+") as two:
                one.write(b"1"), two.write("2"), one.seek(0), two.seek(0)
                with tempfile.TemporaryDirectory() as folder:
                    open(folder + "/x", "w").close()
                return [int(one.read()), int(two.read())]
    """,
    "files": """
        import os
        def f():
            os.makedirs("a/b")
            with open("a/b/x", "w") as file: file.write("12")
            os.rename("a/b/x", "x")
            os.removedirs("a/b")
            with open("x", "r+") as file: file.truncate(1)
            with open("x") as file, open(os.devnull, "w") as nothing: print("nobody reads this", file=nothing)
            os.symlink("x", "link")
            return [int(open("link").read()), len(os.listdir())]
    """,
    "saved tensors": """
        import torch
        def f():
            torch.save({"x": torch.tensor([1, 2])}, "checkpoint.pt")
            return torch.load("checkpoint.pt")["x"].tolist()
    """,
    "late imports": """
        def f():
            import csv, ctypes.util, decimal, getpass, hashlib, logging, multiprocessing, platform, sqlite3, ssl, uuid
            import torch.utils.data
            import matplotlib.pyplot, torch.distributions, torch.nn.utils.rnn
            getpass.getuser(), platform.platform(), platform.processor(), uuid.uuid1(), uuid.uuid4()
            ctypes.util.find_library("c"), hashlib.sha256(b"").hexdigest()
            matplotlib.pyplot.plot([1, 2])
            matplotlib.pyplot.savefig("curve.png")
            return [1, 2]
    """,
    "its own source": """
        import inspect, os
        def f(): return [1, 2] if "inspect" in inspect.getsource(f) and os.listdir(os.path.dirname(__file__)) else []
    """,
    "a pair of sockets": """
        import asyncio
        async def later(): return [1, 2]
        def f(): return asyncio.run(later())
    """,
    "a progress bar": "from tqdm import tqdm\ndef f(): return [x for x in tqdm([1, 2])]",
    "a loader of batches": """
        from torch.utils.data import DataLoader
        def f(): return [int(x) for x in DataLoader([1, 2])]
    """,
    "a signal to itself": """
        import os, signal
        seen = []
        def f():
            signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
            os.kill(os.getpid(), signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
            return [1, len(seen)]
    """,
}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_honest_code_notices_nothing(submit: Submit, source: str) -> None:
    submission = submit(source, limits=Limits(seconds=60))
    assert submission.model.f() == [1, 2], submission.session.output


def test_training_works_with_threads(submit: Submit) -> None:
    source = """
        import torch
        def f(x):
            torch.set_num_threads(2)
            model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 64))
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
            losses = []
            for _ in range(20):
                loss = ((model(x) - x) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            return losses
    """
    found: Any = submit(source, limits=Limits(seconds=30)).model.f(torch.randn(512, 64))
    assert found[-1] < found[0] / 2
