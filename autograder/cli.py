"""The command line. Imports nothing heavy: grading forks before anything secret is loaded."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from autograder import paths
from autograder.fresh_start import hand_over, start_again

USAGE_ERROR, GRADER_ERROR = 2, 3
DEVICES = ("auto", "cpu", "cuda", "mps")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 2 bad usage or settings, 3 grader error."""
    started = time.monotonic()
    options = _parser().parse_args(arguments)
    options.started, options.arguments = started, arguments
    return int(options.command(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m autograder", description="Grades the transformer homework.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade one submission", allow_abbrev=False)
    grade.add_argument(
        "submission", nargs="?", type=Path, help="a folder, a zip file or a notebook; the platform's, if left out"
    )
    grade.add_argument("--out", type=Path, help="folder for the results (results/<submission> by default)")
    grade.add_argument("--device", choices=DEVICES, default="auto")
    grade.add_argument("--without-training", action="store_true", help="leave the short trainings out")
    grade.add_argument("--seed", type=_seed, help="draw the hidden inputs from this seed, to repeat a grading")
    grade.add_argument("--seed-descriptor", type=int, help=argparse.SUPPRESS)  # where the fresh start finds the seed
    grade.set_defaults(command=_grade)

    template = commands.add_parser("template", help="write student_template/charlm from reference/charlm")
    template.add_argument("--check", action="store_true", help="change nothing, fail when the two have drifted apart")
    template.set_defaults(command=_template)

    corpus = commands.add_parser("corpus", help="build the texts that models are trained and judged on")
    corpus.add_argument("--force", action="store_true", help="build them again")
    corpus.set_defaults(command=_corpus)

    package = commands.add_parser("package", help="write dist/autograder.zip for Gradescope, validated and rehearsed")
    package.add_argument("--out", type=Path, default=paths.DIST / "autograder.zip", help="dist/autograder.zip")
    package.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the zip will grade")
    package.add_argument("--without-rehearsal", action="store_true", help="write it without having tried it")
    _add_rehearsal(package)
    package.set_defaults(command=_package)

    handout = commands.add_parser("handout", help="write dist/handout.zip for students")
    handout.add_argument("--out", type=Path, default=paths.DIST / "handout.zip", help="dist/handout.zip")
    handout.set_defaults(command=_handout)

    rubric = commands.add_parser("rubric", help="print the rubric of the written answers, to paste into Gradescope")
    rubric.set_defaults(command=_rubric)

    rehearse = commands.add_parser("rehearse", help="play Gradescope with a zip, under a container's limits")
    rehearse.add_argument(
        "archive", nargs="?", type=Path, metavar="ZIP", help="what `package` would write, if left out"
    )
    _add_rehearsal(rehearse)
    rehearse.set_defaults(command=_rehearse)

    diff = commands.add_parser(
        "diff", help="show where a submission leaves the reference, stage by stage", allow_abbrev=False
    )
    diff.add_argument("submission", type=Path, help="a folder, a zip file or a notebook")
    diff.add_argument(
        "--against", default="reference", metavar="OTHER", help="another submission (the reference, if left out)"
    )
    diff.add_argument("--device", choices=DEVICES, default="auto", help="where the device stages run")
    diff.add_argument("--json", type=Path, metavar="FILE", help="write the same for machines")
    diff.add_argument("--html", type=Path, metavar="FILE", help="write a page with pictures, one file in itself")
    diff.add_argument("--started-again", action="store_true", help=argparse.SUPPRESS)
    diff.set_defaults(command=_diff)

    calibrate = commands.add_parser("calibrate", help="measure the bands that short trainings are judged by")
    calibrate.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the reference is trained")
    calibrate.add_argument("--setting", choices=("cpu", "gpu", "all"), default="all", help="of assignment.toml")
    calibrate.add_argument("--seeds", type=int, default=100, help="runs of each kind (100)")
    calibrate.set_defaults(command=_calibrate)
    return parser


def _add_rehearsal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size", choices=("0.5", "1", "2", "4"), default="0.5", help="the container's processors (0.5)"
    )
    parser.add_argument("--install", action="store_true", help="let set-up install all packages, as on the platform")


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError("a seed lies between 0 and 2**63 - 1")
    return value


def _grade(options: argparse.Namespace) -> int:
    from autograder.grading.launcher import grade
    from autograder.grading.messages import open_standard_streams
    from autograder.grading.request import GradeRequest

    open_standard_streams()
    on_platform = options.submission is None and paths.PLATFORM_SUBMISSION.exists()
    if options.submission is None and not on_platform:
        return _refuse("name a submission: ./run_autograder FOLDER_OR_ZIP")
    submission = (options.submission or paths.PLATFORM_SUBMISSION).absolute()
    if not submission.exists():
        return _refuse(f"there is no submission at {submission}")
    if options.arguments is None and options.seed_descriptor is None:
        return _start_again(options.seed)
    default = paths.PLATFORM_RESULTS.parent if on_platform else paths.RESULTS / submission.resolve().stem
    return grade(
        GradeRequest(
            submission=submission,
            out=(options.out or default).absolute(),
            device=options.device,
            without_training=options.without_training,
            seed_from=hand_over(options.seed) if options.seed_descriptor is None else options.seed_descriptor,
            on_platform=on_platform,
            started=options.started,
        )
    )


def _start_again(seed: int | None) -> int:
    """Grade in a fresh process, which has neither this one's environment nor the seed. Returns only when it fails."""
    arguments = iter(sys.argv[1:])
    kept = []
    for argument in arguments:
        if argument == "--seed":
            next(arguments)
        elif not argument.startswith("--seed="):
            kept.append(argument)
    return _replace_this([*kept[:1], f"--seed-descriptor={hand_over(seed)}", *kept[1:]])


def _replace_this(arguments: Sequence[str]) -> int:
    try:
        start_again(arguments)
    except OSError as error:
        return _fail(f"the grader could not start itself again: {error}")


def _template(options: argparse.Namespace) -> int:
    from autograder.template import TemplateError, generate

    try:
        drifted = generate(check=options.check)
    except TemplateError as error:
        return _fail(error)
    for name in drifted:
        print(f"{'differs' if options.check else 'written'}: {name}")
    if options.check and drifted:
        return _fail("student_template/charlm has drifted from reference/charlm: run `python -m autograder template`")
    print("student_template/charlm agrees with reference/charlm")
    return 0


def _corpus(options: argparse.Namespace) -> int:
    from autograder.corpus import CorpusError, build

    try:
        print(build(force=options.force))
    except CorpusError as error:
        return _fail(error)
    return 0


def _package(options: argparse.Namespace) -> int:
    from autograder.package import ERRORS, package
    from autograder.rehearsal.container import SIZES

    rehearsed = not options.without_rehearsal
    try:
        package(options.out, SIZES[options.size], device=options.device, rehearsed=rehearsed, install=options.install)
    except (*ERRORS, OSError) as error:
        return _fail(error, "nothing is written: ")
    return 0


def _handout(options: argparse.Namespace) -> int:
    from autograder.handout import ERRORS, handout

    try:
        handout(options.out)
    except (*ERRORS, OSError) as error:
        return _fail(error, "nothing is written: ")
    return 0


def _rubric(options: argparse.Namespace) -> int:
    from autograder.rubric import RubricError, load_rubric, pasteable

    try:
        print(pasteable(load_rubric()), end="")
    except RubricError as error:
        return _fail(error)
    return 0


def _rehearse(options: argparse.Namespace) -> int:
    from autograder.package import ERRORS, rehearse_what_is_here
    from autograder.rehearsal.container import SIZES
    from autograder.rehearsal.rehearse import rehearse

    if options.archive is not None and not options.archive.is_file():
        return _refuse(f"there is no zip at {options.archive}")
    try:
        if options.archive is None:
            rehearse_what_is_here(SIZES[options.size], install=options.install)
        else:
            rehearse(options.archive, SIZES[options.size], install=options.install)
    except ERRORS as error:
        return _fail(error)
    return 0


def _diff(options: argparse.Namespace) -> int:
    from autograder.grading.messages import open_standard_streams

    open_standard_streams()
    if options.arguments is None and not options.started_again:
        return _replace_this([*sys.argv[1:2], "--started-again", *sys.argv[2:]])
    from autograder.diff.command import DiffRequest, diff  # for the process that stays
    from autograder.fresh_start import end

    status = diff(
        DiffRequest(
            submission=options.submission,
            against=None if options.against == "reference" else Path(options.against),
            device=options.device,
            json_file=options.json,
            html_file=options.html,
            started=options.started,
        )
    )
    if options.started_again:
        end(status)
    return status


def _calibrate(options: argparse.Namespace) -> int:
    from autograder.calibration import CalibrationError, calibrate
    from autograder.settings import SettingsError, load_settings

    if options.seeds < 3:
        return _refuse("--seeds: a spread needs at least 3 runs")
    try:
        print(calibrate(load_settings().training, setting=options.setting, device=options.device, seeds=options.seeds))
    except (CalibrationError, SettingsError) as error:
        return _fail(error)
    return 0


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return USAGE_ERROR


def _fail(error: Exception | str, consequence: str = "") -> int:
    from autograder.settings import SettingsError

    print(f"error: {consequence}{error}", file=sys.stderr)
    return USAGE_ERROR if isinstance(error, SettingsError) else GRADER_ERROR
