"""`assignment.toml`: read strictly, points allotted exactly."""

from pathlib import Path

import pytest

from autograder.grading.catalogue import load_catalogue
from autograder.paths import SETTINGS
from autograder.settings import SettingsError, load_settings
from support.info import CheckInfo, check_info


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
        ("total_points = 100", "total_points = 99", "points add up to 100"),
        ("1 = 8    #", "1 = -8    #", "points.1"),
        ("1 = 8    #", "11 = 8    #", "one line for each problem"),
        ("run_seconds = 540", "run_second = 540", "run_second"),
        ("run_seconds = 540", "run_seconds = 0", "limits.run_seconds"),
        ("run_seconds = 540", "run_seconds = nan", "limits.run_seconds"),
        ('public = "visible"', 'public = "shown"', "visibility.public"),
        ("[training.cpu]", "[training.gpu2]", "training"),
        ("embed_size = 32", "embed_size = 33", "multiple of num_heads"),
        ("embed_size = 32", "embed_sizes = 32", "training.cpu"),
        ("total_points = 100", "total_points = ", "line"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(SettingsError, match=r"^assignment\.toml: ") as caught:
        load_settings(edited(tmp_path, (old, new)))
    assert named in str(caught.value)


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
    with pytest.raises(SettingsError, match=r"weights: there is no check 8\.99"):
        settings.points_by_check(one_check_each())


def test_problem_without_weight_is_refused() -> None:
    checks = [*one_check_each()[1:], check("1.1", 0)]
    with pytest.raises(SettingsError, match="problem 1 has points"):
        load_settings().points_by_check(checks)


def test_visibility_is_that_of_the_check_else_of_its_kind(tmp_path: Path) -> None:
    settings = load_settings(
        edited(tmp_path, ('hidden = "visible"', 'hidden = "after_published"'), ('# "8.7"', '"8.1"'))
    )
    shown = settings.visibility_by_check(one_check_each(), {"2.1", "8.1"})
    assert (shown["1.1"], shown["2.1"]) == ("visible", "after_published")
    assert shown["8.1"] == "after_published"
    declared = check_info("test_x", "A sentence.", {"number": "3.1", "hint": "Look.", "visibility": "hidden"})
    assert settings.visibility_by_check([declared, check("8.1")], set())["3.1"] == "hidden"
