"""setup.sh and run_autograder, in a project of their own whose Python installs nothing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.paths import ROOT

SCRIPTS = ["setup.sh", "run_autograder", ".ci/run"]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
FOR_A_GPU = ("nvidia-", "cuda-", "triton")  # pinned by torch itself, and there only with its default build


def requirements(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def applies(requirement: Requirement, python: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.12"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("python", PYTHONS)
def test_constraints_pin_each_package_once(python: str) -> None:
    pinned = [pin for pin in requirements("constraints.txt") if applies(pin, python)]
    names = [canonicalize_name(pin.name) for pin in pinned]
    assert sorted(names) == sorted(set(names))
    assert all([item.operator for item in pin.specifier] == ["=="] for pin in pinned)
    wanted = requirements("requirements.txt") + requirements("requirements-dev.txt")
    assert {canonicalize_name(want.name) for want in wanted if applies(want, python)} <= set(names)


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="the tests run in an environment of someone's own")
def test_everything_installed_is_pinned() -> None:
    python = "{}.{}".format(*sys.version_info)
    pins = {canonicalize_name(pin.name): pin for pin in requirements("constraints.txt") if applies(pin, python)}
    installed = {canonicalize_name(found.name): found.version for found in importlib.metadata.distributions()}
    loose = {
        name: version
        for name, version in installed.items()
        if name != "pip" and not name.startswith(FOR_A_GPU)
        if name not in pins or not pins[name].specifier.contains(version)
    }
    assert loose == {}


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_is_executable_bash(script: str) -> None:
    path = ROOT / script
    assert path.read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in path.read_bytes()
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True)


FAKE_PYTHON = """#!/usr/bin/env bash
[ "$1 $2" != "-m pip" ] || { echo "$*" >>"$FAKE/pip.log"; shift 3; }
case $* in
*--no-index*) exit 1 ;;
*uv) for tools; do [ -d "$tools" ] && break; done; mkdir "$tools/bin"; cp "$FAKE/uv" "$tools/bin/uv"; exit 0 ;;
*--requirement*) exit "${PIP_FAILS:-0}" ;;
"- "*) [ -z "${WITHOUT_TORCH:-}" ]; exit ;;
esac
exec "$REAL_PYTHON" "$@"
"""
FAKE_UV = """#!/usr/bin/env bash
echo "$*" >>"$FAKE/uv.log"
exit 2
"""
FAKE_GRADER = """
import os, sys
print([sys.argv[1:], os.getcwd(), sys.path[0], os.environ.get("PYTHONPATH")])
"""


class Project:
    """A root with the real scripts, a grader that prints how it was called, and a Python that logs pip's calls."""

    def __init__(self, root: Path, platform: Path) -> None:
        self.root, self.platform, self.fake = root, platform, root.parent / "fake"
        for folder in (root / "autograder", root / ".venv" / "bin", self.fake):
            folder.mkdir(parents=True)
        names = ("setup.sh", "run_autograder", "requirements.txt", "requirements-dev.txt", "constraints.txt")
        for name in names:
            shutil.copy(ROOT / name, root / name)
        (root / "autograder" / "__init__.py").touch()
        (root / "autograder" / "__main__.py").write_text(FAKE_GRADER)
        self.python = root / ".venv" / "bin" / "python"
        for path, text in ((self.python, FAKE_PYTHON), (self.fake / "uv", FAKE_UV)):
            path.write_text(text)
            path.chmod(0o755)

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "FAKE": str(self.fake),
            "REAL_PYTHON": sys.executable,
            "PYTHON": str(self.python),  # so that no other Python on this machine is looked for
            "AUTOGRADER_PLATFORM": str(self.platform),
            **variables,
        }
        caller = self.root.parent / "caller's folder"
        caller.mkdir(exist_ok=True)
        return subprocess.run(command, cwd=caller, env=environment, capture_output=True, text=True, check=False)

    def set_up(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("bash", self.root / "setup.sh", **variables)

    def log(self, name: str) -> list[str]:
        path = self.fake / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def laptop(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", platform=tmp_path / "no platform")


@pytest.fixture
def gradescope(tmp_path: Path) -> Project:
    platform = tmp_path / "platform"
    (platform / "submission").mkdir(parents=True)
    project = Project(platform / "source", platform)
    shutil.copy(project.root / "run_autograder", platform / "run_autograder")
    return project


def test_second_set_up_installs_nothing(laptop: Project) -> None:
    first = laptop.set_up()
    assert first.returncode == 0, first.stderr
    assert len(laptop.log("pip")) == 1
    assert "requirements-dev.txt" in laptop.log("pip")[0]
    assert "constraints.txt" in laptop.log("pip")[0]
    second = laptop.set_up()
    assert "everything is installed already" in second.stdout
    assert len(laptop.log("pip")) == 1


def test_set_up_ends_by_building_the_corpus(laptop: Project) -> None:
    assert "[['corpus']," in laptop.set_up().stdout


def test_changed_constraints_are_installed(laptop: Project) -> None:
    laptop.set_up()
    with (laptop.root / "constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    laptop.set_up()
    assert len(laptop.log("pip")) == 2


def test_failed_installation_is_tried_again(laptop: Project) -> None:
    assert laptop.set_up(PIP_FAILS="1").returncode != 0
    assert laptop.set_up().returncode == 0
    assert len(laptop.log("pip")) == 2


def test_gradescope_gets_only_what_grading_needs(gradescope: Project) -> None:
    gradescope.set_up()
    assert gradescope.log("pip")[0].endswith("requirements.txt")
    gradescope.set_up(AUTOGRADER_DEV="1")
    assert gradescope.log("pip")[1].endswith("requirements-dev.txt")
    gradescope.set_up()
    assert len(gradescope.log("pip")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the default build of torch is a CPU build")
@pytest.mark.skipif(Path("/proc/driver/nvidia/version").exists(), reason="the default build of torch is wanted here")
def test_without_the_cpu_build_pip_takes_its_default(laptop: Project) -> None:
    done = laptop.set_up(WITHOUT_TORCH="1")
    assert done.returncode == 0, done.stderr
    assert "taking pip's default build" in done.stdout
    [call] = laptop.log("uv")
    assert "--torch-backend=cpu" in call
    assert call.endswith("+cpu")  # a version that the general registry does not have
    assert "--requirement" in laptop.log("pip")[-1]


def test_unsuitable_python_is_refused(laptop: Project) -> None:
    done = laptop.set_up(PYTHON="/bin/false")
    assert done.returncode == 1
    assert "PYTHON=/bin/false is not a Python 3.10 to 3.13" in done.stderr


def test_run_autograder_sets_up_then_grades_from_the_callers_folder(laptop: Project) -> None:
    done = laptop.run(laptop.root / "run_autograder", "my submission", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert len(laptop.log("pip")) == 1
    called = [["grade", "my submission", "--seed", "3"], str(laptop.root.parent / "caller's folder")]
    assert done.stdout.strip() == str([*called, str(laptop.root), str(laptop.root)])


def test_modules_in_the_callers_folder_are_not_imported(laptop: Project) -> None:
    caller = laptop.root.parent / "caller's folder"
    caller.mkdir()
    for name in ("runpy.py", "os.py", "autograder.py"):
        (caller / name).write_text("raise SystemExit('hijacked')")
    done = laptop.run(laptop.root / "run_autograder", ".")
    assert done.returncode == 0, done.stderr


def test_copied_entry_point_finds_the_source(gradescope: Project) -> None:
    done = gradescope.run(gradescope.platform / "run_autograder")
    assert done.returncode == 0, done.stderr
    assert str([["grade"]])[:-1] in done.stdout
    assert f"'{gradescope.root}'" in done.stdout


def test_failed_set_up_leaves_a_result_that_says_not_graded(gradescope: Project) -> None:
    done = gradescope.run(gradescope.platform / "run_autograder", PIP_FAILS="1")
    assert done.returncode == 3
    assert "nothing was graded" in done.stderr
    results = json.loads((gradescope.platform / "results" / "results.json").read_text())
    jsonschema.validate(results, json.loads((ROOT / "tests" / "gradescope.schema.json").read_text()))
    assert "Not graded" in results["output"]
    assert results["extra_data"] == {"state": "not graded"}
    assert [test["visibility"] for test in results["tests"]] == ["hidden"]  # so students see no total
    assert os.listdir(gradescope.platform / "results") == ["results.json"]


def test_failed_set_up_at_home_writes_no_result(laptop: Project) -> None:
    assert laptop.run(laptop.root / "run_autograder", "sub", PIP_FAILS="1").returncode == 3
    assert not laptop.platform.exists()
