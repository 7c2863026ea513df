"""autograder.zip, as Gradescope wants it: looked over, rehearsed, and only then written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder import calibration, corpus, packing, paths, rubric, template
from autograder.grading.catalogue import CatalogueError, load_catalogue
from autograder.rehearsal.container import Size
from autograder.rehearsal.rehearse import Rehearsal, RehearsalError, rehearse
from autograder.settings import SettingsError, load_settings

PROGRAMS = ("run_autograder", "setup.sh")
FILES = (*PROGRAMS, "assignment.toml", "constraints.txt", "requirements.txt")
FOLDERS = ("autograder", "reference/charlm", "reference/data", "student_template/data", "student_template/tests")
MOST_MB = 5.0


class PackageError(Exception):
    """The zip would not grade as it should; the message says what to do first."""


def package(
    out: Path,
    size: Size,
    *,
    device: str = "cpu",
    rehearsed: bool = True,
    install: bool = False,
    tell: Callable[[str], None] = print,
) -> Rehearsal | None:
    """Validate, rehearse, and write `out`; what the rehearsal saw. Says what it does by `tell`.

    `device` (cpu or cuda) is where the zip will grade: its calibration has to be there. Nothing is written when
    anything is wrong. Raises PackageError, SettingsError, CatalogueError, CorpusError, CalibrationError, TemplateError,
    PackingError, RubricError and RehearsalError, each with a sentence that says what.
    """
    validate(device, tell)
    data = build()
    tell(f"size: {len(data) / 2**20:.2f} MB")
    seen = None
    if rehearsed:
        seen = _rehearse(data, size, install, tell)
    else:
        tell("not rehearsed: nobody has tried whether this zip can grade")
    tell(packing.put(out, data))
    return seen


def rehearse_what_is_here(size: Size, *, install: bool = False, tell: Callable[[str], None] = print) -> Rehearsal:
    """Rehearse the zip that `package` would write now. Raises what `package` raises."""
    return _rehearse(build(), size, install, tell)


def _rehearse(data: bytes, size: Size, install: bool, tell: Callable[[str], None]) -> Rehearsal:
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        archive = Path(folder) / "autograder.zip"
        archive.write_bytes(data)
        return rehearse(archive, size, install=install, tell=tell)


def validate(device: str, tell: Callable[[str], None]) -> None:
    """Look at everything that needs no grading. Raises what `package` raises."""
    settings, catalogue = load_settings(), load_catalogue()
    points = settings.points_by_check(catalogue.checks)
    shown = settings.visibility_by_check(catalogue.checks, catalogue.hidden)
    tell(f"settings: {sum(points.values()):g} points over {len(points)} checks in {len(settings.points)} problems")
    if set(shown.values()) != {"visible"}:
        tell("note: some checks are not visible at once, so Gradescope shows students no total")
    if drifted := template.generate(check=True):
        raise PackageError(f"{drifted[0]} has drifted from reference/: run `python -m autograder template`")
    tell("template: agrees with the reference")
    asked = rubric.load_rubric()
    by_hand = f"{sum(question.points for question in asked):g} points over {len(asked)} questions for a person to grade"
    tell(f"rubric: {by_hand}; not in the zip, `python -m autograder rubric` prints it")
    corpus.build()
    calibration.load(settings.training.gpu if device == "cuda" else settings.training.cpu)
    tell(f"calibration: fits the settings and the texts (trainings on {device})")


def build() -> bytes:
    """The zip. Raises PackageError when it is too large, PackingError when a file is no such thing."""
    names = [*FILES, *(name for folder in FOLDERS for name in packing.files_below(paths.ROOT, folder))]
    contents = {name: packing.read_text(paths.ROOT / name) for name in names}
    data = packing.zipped(contents, PROGRAMS)
    if len(data) > MOST_MB * 2**20:
        largest = max(contents, key=lambda name: len(contents[name]))
        raise PackageError(
            f"the zip has {len(data) / 2**20:.1f} MB, more than {MOST_MB:g}; its largest file: {largest}"
        )
    return data


ERRORS = (
    *(PackageError, packing.PackingError, RehearsalError, SettingsError, CatalogueError),
    *(corpus.CorpusError, calibration.CalibrationError, rubric.RubricError, template.TemplateError),
)
