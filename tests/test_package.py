"""autograder.zip: the same bytes from the same sources, nothing too much in it, and nothing written that is wrong."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from autograder import package, packing, paths
from autograder.paths import CALIBRATION, ROOT, SETTINGS
from tests.test_commands import project as project
from tests.test_commands import run


@pytest.fixture(scope="module")
def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(package.build()))


def test_the_zip_has_what_the_platform_needs_at_its_root(archive: zipfile.ZipFile) -> None:
    modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert {name for name, mode in modes.items() if mode & 0o111} == {"setup.sh", "run_autograder"}
    assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o755, 0o644}
    assert all(stat.S_ISREG(mode) for mode in modes.values())
    assert {"assignment.toml", "constraints.txt", "autograder/data/held_out.txt", "autograder/calibration.json"} <= set(
        modes
    )


def test_the_zip_has_no_tests_caches_or_results(archive: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in archive.namelist()}
    assert tops == {name.partition("/")[0] for name in (*package.FILES, *package.FOLDERS)}
    assert "tests" not in tops
    assert [name for name in archive.namelist() if "__pycache__" in name or "/." in name or name.endswith(".pyc")] == []


def test_every_text_has_unix_line_endings(archive: zipfile.ZipFile) -> None:
    assert [name for name in archive.namelist() if b"\r" in archive.read(name)] == []


def test_the_zip_is_small(archive: zipfile.ZipFile) -> None:
    assert sum(info.compress_size for info in archive.infolist()) < 2 * 2**20


def test_the_unpacked_zip_builds_no_corpus(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    archive.extractall(tmp_path)
    done = run("corpus", root=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "The corpus is built already; nothing to do.")


def test_the_same_bytes_from_another_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other times, modes, line endings, and what systems and editors leave behind."""
    for name in package.FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in package.FILES:
        shutil.copy(ROOT / name, tmp_path / name)
        os.utime(tmp_path / name, (1e9, 1e9))
        (tmp_path / name).chmod(0o600)
    for name in ("setup.sh", "autograder/cli.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "autograder" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "reference" / "charlm" / "__pycache__").mkdir(exist_ok=True)
    (tmp_path / "reference" / "charlm" / "__pycache__" / "model.pyc").write_bytes(b"\0")
    here = package.build()
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert package.build() == here == package.build()


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")
    with pytest.raises(packing.PackingError, match="folder/link is a link"):
        list(packing.files_below(tmp_path, "folder"))


def test_a_zip_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MOST_MB", 0.5)
    with pytest.raises(package.PackageError, match=r"more than 0\.5; its largest file: reference/data"):
        package.build()


@pytest.fixture
def whole_project(project: Path) -> Path:
    for name in ("setup.sh", "run_autograder", "constraints.txt", "requirements.txt"):
        shutil.copy(ROOT / name, project / name)
    return project


def packed(project: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], bool]:
    done = run("package", *arguments, root=project)
    return done, (project / "dist" / "autograder.zip").exists()


@pytest.mark.parametrize("arguments", [(), ("--device", "cuda")])
def test_without_rehearsal_it_says_so(whole_project: Path, arguments: tuple[str, ...]) -> None:
    done, written = packed(whole_project, "--without-rehearsal", *arguments)
    assert (done.returncode, written) == (0, True), done.stderr
    assert "not rehearsed" in done.stdout
    assert "sha256" in done.stdout
    assert os.listdir(whole_project / "dist") == ["autograder.zip"]


USAGE_ERROR, GRADER_ERROR = 2, 3
WRONG_SETTINGS = {"settings", "points", "an override for no check"}
MISTAKES = {
    "settings": (SETTINGS.name, "run_seconds = 540", "run_secs = 540", "limits.run_sec"),
    "points": (SETTINGS.name, "8 = 10   #", "8 = 11   #", "points add up to 101"),
    "an override for no check": (SETTINGS.name, '# "8.1" = 2', '"8.99" = 2', "there is no check 8.99"),
    "a stale calibration": (SETTINGS.name, "num_steps = 350", "num_steps = 300", "was not measured for this training"),
    "drift": ("reference/charlm/model.py", "# solution: problem 5", "y = 1\n        # solution: problem 5", "drifted"),
    "markers": ("reference/charlm/model.py", "# end solution", "# end of solution", "model.py:"),
    "a check": ("autograder/checks/hidden_problem_8_mask.py", '@number("8.', '@number("8x', "@number must be"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_nothing_is_written_that_is_wrong(whole_project: Path, mistake: str) -> None:
    name, old, new, said = MISTAKES[mistake]
    text = (whole_project / name).read_text(encoding="utf-8")
    assert old in text
    (whole_project / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    done, written = packed(whole_project)
    assert (done.returncode, written) == (USAGE_ERROR if mistake in WRONG_SETTINGS else GRADER_ERROR, False)
    assert done.stderr.startswith("error: nothing is written: ")
    assert said in done.stderr


def test_a_missing_calibration_is_named(whole_project: Path) -> None:
    (whole_project / CALIBRATION.relative_to(ROOT)).unlink()
    done, written = packed(whole_project)
    assert (done.returncode, written) == (3, False)
    assert "calibration.json is missing" in done.stderr


def test_the_rehearsal_comes_before_the_writing(whole_project: Path) -> None:
    """This project has no environment of its own, so nothing can be rehearsed."""
    done, written = packed(whole_project)
    assert (done.returncode, written) == (3, False)
    assert "bash setup.sh" in done.stderr


def test_rehearse_wants_a_zip_that_exists() -> None:
    done = run("rehearse", "no.zip")
    assert (done.returncode, "there is no zip at no.zip" in done.stderr) == (2, True)
