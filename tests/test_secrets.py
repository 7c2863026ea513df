"""A submission that searches all its memory finds neither the seed nor what stood in the grader's environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.fresh_start import hand_over, take_over
from autograder.paths import REFERENCE, ROOT
from autograder.sandbox import privileges

SEED = 918_273_645_546_372
SEARCH = """
import ctypes, re, sys

PATTERNS = {patterns}
kept = int({known}[::-1])

def get_vocab(text):
    if len(text) > 10**6:
        raise RuntimeError(report())
    return sorted(set(text))

def report():
    counts = dict.fromkeys(PATTERNS, 0)
    size = 0
    for data in (*memory(), *handy()):
        size += len(data)
        for name, pattern in PATTERNS.items():
            counts[name] += len(re.findall(pattern, data))
    return " ".join(f"{{name}}={{count}}" for name, count in counts.items()) + f" MB={{size >> 20}}"

def memory():
    for line in open("/proc/self/maps"):
        span, rights, *rest = line.split()
        if "r" in rights and rest[-1] not in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
            start, end = (int(part, 16) for part in span.split("-"))
            yield ctypes.string_at(start, end - start)

def handy():
    yield open("/proc/self/cmdline", "rb").read()
    yield open("/proc/self/environ", "rb").read() if can_read("/proc/self/environ") else b""
    yield repr(sys.orig_argv).encode()
    frame = sys._getframe()
    while frame:
        yield repr(frame.f_locals.keys()).encode()
        for value in list(frame.f_locals.values()):
            yield repr(getattr(value, "__dict__", value)).encode("utf-8", "replace")[:10**6]
        frame = frame.f_back

def can_read(path):
    try:
        open(path, "rb").close()
    except OSError:
        return False
    return True
"""


def pattern(data: bytes) -> bytes:
    """A pattern for these bytes that neither contains them itself nor its source."""
    return b"[\\x%02x]" % data[0] + b"".join(b"\\x%02x" % byte for byte in data[1:])


def python_integer(value: int) -> bytes:
    """How an integer of two digits of 30 bits lies in CPython's memory."""
    return struct.pack("<II", value % 2**30, value >> 30)


def submission(folder: Path) -> Path:
    """The reference with a get_vocab that searches when it is given the corpus."""
    known = 123_123_456_456_789
    sought = {
        "seed_text": str(SEED).encode(),
        "seed_integer": python_integer(SEED),
        "seed_word": struct.pack("<q", SEED),
        "environment": b"token-in-the-environment",
        "variable": b"GRADER_TOKEN",
        "known_path": b"the-results-of-this",
        "known_integer": python_integer(known),
    }
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    source = SEARCH.format(
        patterns={name: pattern(data) for name, data in sought.items()}, known=repr(str(known)[::-1])
    )
    with (folder / "charlm" / "tokenizer.py").open("a") as file:
        file.write(source)
    return folder


def what_it_found(grader: subprocess.Popen[bytes], file: Path) -> str:
    """What the submission says in the first check that shows it; no other is waited for."""
    try:
        while True:
            ended = grader.poll() is not None
            results = json.loads(file.read_text()) if file.exists() else {"tests": []}
            for test in results["tests"]:
                if "RuntimeError" in test["output"]:
                    assert results["extra_data"]["seed"] == str(SEED)
                    return str(test["output"])
            assert not ended
            time.sleep(0.1)
    finally:
        grader.terminate()
        grader.wait()


@pytest.mark.skipif(not privileges.LINUX, reason="needs /proc")
@pytest.mark.parametrize("start", [["-m", "autograder"], ["-I", "-c", "START", str(ROOT)]], ids=["module", "script"])
def test_neither_seed_nor_environment_can_be_found(tmp_path: Path, start: list[str]) -> None:
    script = re.search(r"^START='(.*)'$", (ROOT / "run_autograder").read_text(), re.MULTILINE)
    assert script is not None
    start = [script[1] if part == "START" else part for part in start]
    out = tmp_path / "the-results-of-this"
    code = submission(tmp_path / "submission")
    arguments = ["grade", str(code), f"--out={out}", "--without-training", "--seed", str(SEED)]
    grader = subprocess.Popen(
        [sys.executable, *start, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GRADER_TOKEN": "token-in-the-environment"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    said = what_it_found(grader, out / "results.json")
    counts = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", said)}
    assert counts["MB"] > 100
    assert counts["known_path"] > 0
    assert counts["known_integer"] > 0
    secret = ("seed_text", "seed_integer", "seed_word", "environment", "variable")
    assert {name: counts[name] for name in secret if counts[name]} == {}


@pytest.mark.parametrize("seed", [None, 0, 2**63 - 1])
def test_a_seed_is_taken_over_as_it_was_handed_over(seed: int | None) -> None:
    assert take_over(hand_over(seed)) == seed
