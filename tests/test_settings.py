"""`assignment.toml`: read strictly, points allotted exactly."""

import re
from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import SETTINGS
from autograder.settings import Settings, SettingsError, load_settings
from support.info import CheckInfo, check_info
from tests.test_commands import project as project
from tests.test_commands import run


def check(number: str, weight: float = 1) -> CheckInfo:
    return check_info("test_something", "A sentence.", {"number": number, "hint": "Look there.", "weight": weight})


def one_check_each() -> list[CheckInfo]:
    return [check(f"{problem}.1") for problem in range(1, 11)]


def edited(tmp_path: Path, *replacements: tuple[str, str]) -> Path:
    text = SETTINGS.read_text(encoding="utf-8")
    for old, new in replacements:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in assignment.toml"
        text = text.replace(old, new)
    path = tmp_path / "assignment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_settings_allot_every_hundredth() -> None:
    checks = load_catalogue().checks
    points = load_settings().points_by_check(checks)
    assert points.keys() == {info.number for info in checks}
    assert sum(round(value * 100) for value in points.values()) == 10000


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("1 = 8    #", "1 = -8    #", "points.1"),
        ("1 = 8    #", "11 = 8    #", "points: one line for each problem from 1 to 11"),
        ("run_seconds = 540", "run_second = 540", "run_second"),
        ("run_seconds = 540", "run_seconds = 0", "limits.run_seconds"),
        ("run_seconds = 540", "run_seconds = nan", "limits.run_seconds"),
        ('public = "visible"', 'public = "shown"', "visibility.public"),
        ("[training.cpu]", "[training.gpu2]", "training"),
        ("embed_size = 32", "embed_size = 33", "multiple of num_heads"),
        ("embed_size = 32", "embed_sizes = 32", "training.cpu"),
        ("total_points = 100", "total_points = ", "line"),
        ("forbidden = []", 'forbidden = ["F.softmax"]', "shortcuts.forbidden"),
        ('credit = "each"', 'credit = "half"', "answers.credit"),
        ("submissions = 0", "submissions = -1", "rate_limit.submissions"),
        ("hours = 24", "hours = 0", "rate_limit.hours"),
        ("say_late = true", 'say_late = "yes, please"', "deadline.say_late"),
        ("# 10 = ", "11 = ", "visibility.problems.11"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(SettingsError, match=r"^assignment\.toml: ") as caught:
        load_settings(edited(tmp_path, (old, new)))
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("run_seconds = 540", "run_secs = 540", "limits.run_secs: there is no such setting"),
        ("memory_mb = 3072", "memory_mb = 5", "limits.memory_mb: Input should be greater than or equal to 1024"),
        ('# "8.7" = "after', '"8.7" = "before', "visibility.checks.8.7: Input should be "),
        ("total_points = 100", "total_points = 99", "total_points: it is 99, but the points add up to 100"),
        ("1 = 8    #", "1 = 8.005 #", "points.1: points have at most two decimals"),
        ("run_seconds = 540", 'run_seconds = "540"', "limits.run_seconds: Input should be a valid number"),
        ("forbidden = []", 'forbidden = "nn.Transformer"', "shortcuts.forbidden: Input should be a list"),
        ("[training.cpu]\nembed_size = 32", "[training.cpu]\nembed_size = 33", "training.cpu: embed_size must be"),
    ],
)
def test_the_line_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = edited(tmp_path, (old, new))
    line = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(new.split("\n")[0]))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).splitlines()[0].startswith(f"assignment.toml: line {line}: {sentence}")


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(edited(tmp_path, ("hours = 24", "hours = 0"), ('credit = "each"', "credit = 1")))
    assert [line.split(": ")[2] for line in str(caught.value).splitlines()] == ["answers.credit", "rate_limit.hours"]


def test_single_checks_can_have_points_of_their_own(tmp_path: Path) -> None:
    checks = [*one_check_each()[1:], check("1.1"), check("1.2", 1), check("1.3", 2)]
    settings = load_settings(edited(tmp_path, ('# "8.7" = 2.5', '"1.1" = 2.5')))
    points = settings.points_by_check(checks)
    assert [points["1.1"], points["1.2"], points["1.3"]] == [2.5, 1.83, 3.67]
    assert sum(round(100 * value) for value in points.values()) == 10000


@pytest.mark.parametrize(
    ("line", "said"), [('"1.1" = 9', "problem 1 has 8"), ('"8.99" = 1', r"no check 8\.99"), ('"1.1" = 7', "problem 1")]
)
def test_points_of_single_checks_have_to_fit(tmp_path: Path, line: str, said: str) -> None:
    settings = load_settings(edited(tmp_path, ('# "8.7" = 2.5', line)))
    with pytest.raises(SettingsError, match=said):
        settings.points_by_check(one_check_each())


def test_visibility_of_a_problem_stands_between_kind_and_check(tmp_path: Path) -> None:
    changes = (("# 10 = ", "8 = "), ('# "8.7" = "after', '"8.2" = "after'))
    shown = load_settings(edited(tmp_path, *changes)).visibility_by_check([check("8.1"), check("8.2")], {"8.1"})
    assert shown == {"8.1": "after_due_date", "8.2": "after_published"}


def applied(settings: Settings) -> None:
    settings.points_by_check(one_check_each())
    settings.visibility_by_check(one_check_each(), set())


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('# "8.7" = 2.5', '"8.99" = 1', "check_points.8.99: there is no check 8.99"),
        ('# "8.7" = 2.5', '"8.1" = 11', "check_points.8.1: single checks have 11 points, but problem 8 has 10"),
        ('# "8.1" = 2', '"8.1" = 0', "points.8: problem 8 has points, but no check with a weight"),
        ('# "8.7" = "after', '"8.99" = "after', "visibility.checks.8.99: there is no check 8.99"),
    ],
)
def test_the_line_is_named_when_settings_and_checks_disagree(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = edited(tmp_path, (old, new))
    start = "8 = " if sentence.startswith("points.8:") else new
    line = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(start))
    settings = load_settings(path)
    with pytest.raises(SettingsError) as caught:
        applied(settings)
    assert str(caught.value) == f"assignment.toml: line {line}: {sentence}"


def test_there_may_be_more_problems(tmp_path: Path) -> None:
    path = edited(tmp_path, ("total_points = 100", "total_points = 105"), ("10 = 8   #", "11 = 5\n10 = 8   #"))
    points = load_settings(path).points_by_check([*one_check_each(), check("11.1"), check("11.2", 4)])
    assert (points["11.1"], points["11.2"], sum(points.values())) == (1, 4, 105)


def test_checks_of_a_problem_without_points_are_named() -> None:
    with pytest.raises(SettingsError, match=r"line \d+: points: problem 11 has checks, but no line here"):
        load_settings().points_by_check([*one_check_each(), check("11.1")])


@pytest.mark.parametrize(
    "command",
    [
        ("grade", "reference"),
        ("package", "--without-rehearsal"),
        ("handout",),
        ("calibrate",),
    ],
)
def test_wrong_settings_are_the_instructors_to_repair(project: Path, command: tuple[str, ...]) -> None:
    """Exit code 2, and on standard error the file, the line and the key."""
    path = project / "assignment.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("submissions = 0", "submissions = -1"), encoding="utf-8")
    out = ("--out", str(project / "out")) if command[0] != "calibrate" else ()
    done = run(*command, *out, root=project)
    assert done.returncode == 2, done.stderr
    assert re.search(r"assignment\.toml: line \d+: rate_limit\.submissions: Input should be ", done.stderr)


def test_every_setting_is_documented_in_place() -> None:
    """Beside its value, or by name in a comment."""
    lines = SETTINGS.read_text(encoding="utf-8").splitlines()
    said = " ".join(line for line in lines if line.startswith("#"))
    keys = [(line.split("=")[0].strip(), "#" in line) for line in lines if re.match(r"[\w\"]+ *=", line)]
    assert len(keys) > 40
    assert [key for key, beside in keys if not beside and not re.search(rf"\b{key}\b", said, re.IGNORECASE)] == []
    tables = {line.strip("[]") for line in lines if line.startswith("[")}
    assert {name for name in Settings.model_fields if name not in ("total_points", "training")} <= tables


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"assignment\.toml"):
        load_settings(tmp_path / "assignment.toml")


def test_points_are_shared_by_weight_and_add_up(tmp_path: Path) -> None:
    checks = [*one_check_each()[1:], check("1.1"), check("1.2", 2), check("1.3", 4)]
    points = load_settings().points_by_check(checks)
    shares = [points["1.1"], points["1.2"], points["1.3"]]
    assert shares == [1.14, 2.29, 4.57]


def test_weights_are_changed_without_touching_code(tmp_path: Path) -> None:
    checks = [*one_check_each()[1:], check("1.1"), check("1.2")]
    settings = load_settings(edited(tmp_path, ('# "8.1" = 2', '"1.2" = 3\n"1.1" = 0')))
    points = settings.points_by_check(checks)
    assert (points["1.1"], points["1.2"]) == (0, 8)


def test_override_for_no_check_is_refused(tmp_path: Path) -> None:
    settings = load_settings(edited(tmp_path, ('# "8.1" = 2', '"8.99" = 3')))
    with pytest.raises(SettingsError, match=r"weights\.8\.99: there is no check 8\.99"):
        settings.points_by_check(one_check_each())


def test_problem_without_weight_is_refused() -> None:
    checks = [*one_check_each()[1:], check("1.1", 0)]
    with pytest.raises(SettingsError, match="problem 1 has points"):
        load_settings().points_by_check(checks)


def test_visibility_is_that_of_the_check_else_of_its_kind(tmp_path: Path) -> None:
    settings = load_settings(
        edited(tmp_path, ('hidden = "visible"', 'hidden = "after_published"'), ('# "8.7" = "after', '"8.1" = "after'))
    )
    shown = settings.visibility_by_check(one_check_each(), {"2.1", "8.1"})
    assert (shown["1.1"], shown["2.1"]) == ("visible", "after_published")
    assert shown["8.1"] == "after_published"
    declared = check_info("test_x", "A sentence.", {"number": "3.1", "hint": "Look.", "visibility": "hidden"})
    assert settings.visibility_by_check([declared, check("8.1")], set())["3.1"] == "hidden"
