"""Plays the platform: unpacks a zip, sets it up, grades submissions with it, and measures."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.rehearsal.container import SIZES, Container, Ended, Size
from autograder.rehearsal.platform import Platform, installed_environment
from autograder.rehearsal.submissions import Case, cases, lay_out
from autograder.results.contract import ContractError, Results, read_results
from autograder.settings import Settings, load_settings

INSTALL_SECONDS = 1800.0
MARGIN = 60.0  # seconds past the grader's own limit: the platform's is ten minutes by default
HEADROOM = 0.2  # of a container's memory that has to stay free, and
LONGEST = 0.5  # the share of the run's time limit that a grading may take, for a size to be called safe
TAIL = 3000  # characters of what a failed command printed


class RehearsalError(Exception):
    """The zip would not work on the platform; the message says where it failed."""


@dataclass
class Rehearsal:
    """What was seen. `steps` are the commands by name; the sentences in `not_shown` say what was not rehearsed."""

    size: Size
    limited: bool
    true_paths: bool
    installed: bool
    run_seconds: float
    steps: dict[str, Ended] = field(default_factory=dict)

    @property
    def peak_mb(self) -> float:
        return max(step.peak_mb for step in self.steps.values())

    @property
    def headroom(self) -> float:
        """The share of the container's memory that was never used."""
        return 1 - self.peak_mb / self.size.memory_mb

    def smallest_safe(self) -> Size | None:
        """The smallest size with 20 % of its memory to spare where the longest grading takes half of its time."""
        for size in SIZES.values():
            longest = max(max(step.seconds, step.cpu_seconds / size.cpus) for step in self._gradings())
            if self.peak_mb <= (1 - HEADROOM) * size.memory_mb and longest <= LONGEST * self.run_seconds:
                return size
        return None

    def lines(self) -> list[str]:
        """The report."""
        rows = [f"  {name:<42} {step.seconds:6.1f} s  {step.peak_mb:5.0f} MB" for name, step in self.steps.items()]
        safe = self.smallest_safe()
        asked = f"{self.headroom:.0%} of its {self.size.memory_mb} MB to spare"
        return [
            f"rehearsed at {self.size}:",
            *rows,
            f"  peak memory of all processes {self.peak_mb:.0f} MB, {asked}",
            f"  smallest safe size: {safe or 'none of those on offer: make the short trainings smaller'}",
            *(f"  not rehearsed: {sentence}" for sentence in self.not_shown()),
        ]

    def not_shown(self) -> list[str]:
        """What this rehearsal cannot promise."""
        sentences = ["the platform's own image (Ubuntu 22.04), its network, its disk and the speed of its processors"]
        if not self.installed:
            sentences.append("the installation of packages: set-up was given this project's .venv (--install tries it)")
        if not self.limited:
            sentences.append("the limits, which only root can have set: all processors and all memory were free")
        if not self.true_paths:
            sentences.append("the path /autograder, which takes root on Linux: another folder stood in for it")
        return sentences

    def _gradings(self) -> list[Ended]:
        return list(self.steps.values())[1:]


def rehearse(archive: Path, size: Size, *, install: bool = False, tell: Callable[[str], None] = print) -> Rehearsal:
    """Rehearse one zip, and say by `tell` what is done and what was seen.

    `install` lets set-up download and install everything, instead of using this project's .venv. Raises RehearsalError
    when set-up fails, a grading fails or gives another score than it has to, the results break the platform's
    contract, or memory ran out; SettingsError for the zip's own assignment.toml.
    """
    environment = None if install else installed_environment()
    if environment is None and not install:
        raise RehearsalError("there is no environment of this project's to use: run `bash setup.sh`, or add --install")
    with Platform(environment) as platform, Container(size) as container:
        _unpack(platform, archive)
        settings = load_settings(platform.source / "assignment.toml")
        seen = Rehearsal(size, container.limited, platform.true_paths, install, settings.limits.run_seconds)
        tell("setting up")
        # The platform builds images on machines of its own, so the container's limits do not hold for this step.
        with Container(SIZES["4"]) as builder:
            command = platform.command("/bin/bash", "{platform}/source/setup.sh")
            done = builder.run(command, platform.folder, platform.variables(), INSTALL_SECONDS)
        if done.status != 0:
            raise RehearsalError(f"setup.sh failed with exit status {done.status}:\n{done.printed[-TAIL:]}")
        seen.steps["setup.sh"] = done
        platform.install_entry_point()
        for case in cases(platform.source):
            tell(f"grading {case.name}")
            seen.steps[case.name] = _grade(case, platform, container, settings)
    for line in seen.lines():
        tell(line)
    return seen


def _unpack(platform: Platform, archive: Path) -> None:
    try:
        platform.unpack(archive)
    except (OSError, zipfile.BadZipFile) as error:
        raise RehearsalError(f"{archive} cannot be unpacked: {error}") from None
    for name in ("setup.sh", "run_autograder"):
        program = platform.source / name
        if not program.is_file() or b"\r" in program.read_bytes():
            raise RehearsalError(f"{archive} needs {name} at its root, with LF line endings")
    if not (platform.source / "run_autograder").stat().st_mode & 0o100:
        raise RehearsalError(f"{archive}: run_autograder is not executable")


def _grade(case: Case, platform: Platform, container: Container, settings: Settings) -> Ended:
    lay_out(case, platform.folder, settings.total_points)
    command = platform.command("{platform}/run_autograder")
    done = container.run(command, platform.folder, platform.variables(), settings.limits.run_seconds + MARGIN)
    (platform.folder / "results" / "stdout").write_text(done.printed, encoding="utf-8")
    printed = f"\n{done.printed[-TAIL:]}"
    if done.killed:
        raise RehearsalError(f"{case.name}: memory ran out at {container.size}{printed}")
    if done.status != 0:
        raise RehearsalError(f"{case.name}: run_autograder ended with exit status {done.status}{printed}")
    try:
        results = read_results((platform.folder / "results" / "results.json").read_bytes())
    except (OSError, ContractError) as error:
        raise RehearsalError(f"{case.name}: {error}{printed}") from None
    _expect(case, results, settings.total_points, printed)
    return done


def _expect(case: Case, results: Results, total: float, printed: str) -> None:
    wanted = total if case.score is None else case.score
    state = results.extra_data.get("state")
    if state != "graded":
        raise RehearsalError(f"{case.name}: the run is {state}{printed}")
    if results.score != wanted:
        raise RehearsalError(f"{case.name}: {results.score:g} points, where {wanted:g} are right{printed}")
    most = sum(test.max_score for test in results.tests)
    if round(most, 6) != round(total, 6):
        raise RehearsalError(f"{case.name}: the checks are worth {most:g} points, not {total:g}{printed}")
