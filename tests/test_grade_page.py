"""The pages of a grading: who sees what, text that tries to be markup, the largest page, and a real browser."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from autograder.diff import inputs
from autograder.grading import report_part
from autograder.grading.catalogue import load_catalogue
from autograder.grading.launcher import time_left
from autograder.grading.request import GradeRequest
from autograder.report.grade_page import write
from autograder.report.pages import LARGEST
from autograder.results.facts import RunFacts
from autograder.results.view import refusal_view, view
from support.outcomes import Outcome, Record
from tests.browsing import DESKTOP, PHONE, needs_browser, opened
from tests.gradings import Grading, Job
from tests.patches import Change
from tests.test_diff_page import MARKUP
from tests.touched import TOUCHED

CATALOGUE = load_catalogue()
NUMBERS = [info.number for info in CATALOGUE.checks]
POINTS = dict.fromkeys(NUMBERS, 0.5)
VISIBLE = dict.fromkeys(NUMBERS, "visible")
SEED = 987654321987654321
SIZE = 14


def facts(said: str = "something") -> RunFacts:
    return RunFacts(
        submission=said,
        started="2026-01-02T03:04:05+00:00",
        seed=SEED,
        device="cpu",
        versions={"python": "3.11"},
        held_out_loss=2.3456,
        notes=(f"your file {said}",),
        staff_notes=(f"a note for staff: {said}",),
    )


def records(said: str, *, values: str = "the values") -> list[Record]:
    """One of each outcome, over and over."""
    outcomes = list(Outcome)
    return [
        Record(info, outcomes[i % len(outcomes)], said, values, seconds=0.25, memory_mb=231.0)
        for i, info in enumerate(CATALOGUE.checks)
    ]


def views(
    found: list[Record], visibilities: Mapping[str, str] = VISIBLE, run: RunFacts | None = None, state: str = "graded"
) -> dict[str, Any]:
    return {
        name: view(
            found,
            POINTS,
            visibilities,
            run or facts(),
            state,
            hidden=CATALOGUE.hidden,
            instructor=name == "instructor",
            reasons="a reason",
        )
        for name in ("student", "instructor")
    }


def exhibits(said: str = "To be", number: float = 0.5) -> dict[str, Any]:
    heads = [[[number] * SIZE] * SIZE] * 4
    curve = {"steps": [0.0, 10.0], "train": [4.1, 2.2], "test": [4.2, number], "held_out": 2.5}
    return {
        "letters": "O Romeo, Romeo",
        "attention": [heads, heads],
        "curves": {"honest": curve, "leak": curve},
        "samples": {"honest": said, "leak": said},
        "bands": {"honest": [2.111, 2.722], "leak": [0.0, 1.333]},
        "highest": 5.0,
    }


def pages(folder: Path, shown: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
    """The text of the pages, which are written into `folder`."""
    (folder / "source.json").write_text(json.dumps({**shown, "exhibits": found}))
    targets = {name: folder / f"{name}.html" for name in shown}
    write(folder / "source.json", targets)
    return {name: target.read_text(encoding="utf-8") for name, target in targets.items()}


def test_students_see_what_the_platform_shows_and_instructors_see_all(tmp_path: Path) -> None:
    secret = NUMBERS[5]
    found = pages(tmp_path, views(records("said"), {**VISIBLE, secret: "hidden"}), {})
    title = f'id="check-{secret}"'
    assert [title in found["student"], title in found["instructor"]] == [False, True]
    assert "1 more check will count and is not shown here yet" in found["student"]
    for word in (str(SEED), "a note for staff", "a reason"):
        assert word not in found["student"]
    for word in (str(SEED), "a note for staff"):
        assert word in found["instructor"]


def test_values_of_hidden_inputs_are_for_instructors_alone(tmp_path: Path) -> None:
    hidden = [info for info in CATALOGUE.checks if info.number in CATALOGUE.hidden]
    failed = [Record(info, Outcome.FAILED, "what was seen", "a value") for info in hidden]
    raised = [Record(info, Outcome.ERROR, "a value") for info in hidden]
    found = pages(tmp_path, views([*failed, *raised]), {})
    assert "a value" in found["instructor"]
    assert "a value" not in found["student"]


def test_pictures_show_no_student_more_than_the_checks(tmp_path: Path) -> None:
    found = pages(tmp_path, views(records("")), exhibits())
    assert [text.count("<img") for text in found.values()] == [17, 17]
    for bound in ("2.111", "2.722", "1.333"):
        assert [bound in text for text in found.values()] == [False, True]
    found = pages(tmp_path, views(records(""), {**VISIBLE, "8.1": "after_published"}), exhibits())
    assert [text.count("<img") for text in found.values()] == [0, 17]
    assert ["To be" in text for text in found.values()] == [False, True]
    assert ["2.3456" in text for text in found.values()] == [False, True]


def test_a_run_that_is_not_graded_gives_its_reason_to_instructors(tmp_path: Path) -> None:
    found = pages(tmp_path, views(records(""), state="not graded"), {})
    assert all("Not graded." in text for text in found.values())
    assert ["a reason" in text for text in found.values()] == [False, True]


def test_a_submission_that_cannot_be_used_has_a_page(tmp_path: Path) -> None:
    shown = {name: refusal_view(["data.py is missing"], facts(), instructor=name == "i") for name in ("s", "i")}
    assert all("data.py is missing" in text for text in pages(tmp_path, shown, {}).values())


@pytest.mark.parametrize("letter", ["&", '"', "\U0001f600"])
def test_the_largest_page_is_small(tmp_path: Path, letter: str) -> None:
    failed = [replace(record, outcome=Outcome.FAILED) for record in records(letter * 5000, values=letter * 5000)]
    noted = replace(facts(letter * 500), notes=(letter * 5000,) * 20, staff_notes=(letter * 5000,) * 20)
    found = pages(tmp_path, views(failed, run=noted), exhibits(letter * 500, math.nan))
    sizes = [len(text.encode()) for text in found.values()]
    assert max(sizes) < LARGEST
    assert min(sizes) > LARGEST / 4, "no such letter makes the page large any more"


def test_numbers_of_any_kind_can_be_drawn(tmp_path: Path) -> None:
    found = exhibits(number=-1e-300)
    found["attention"][1] = [[[number] * SIZE] * SIZE for number in (math.nan, math.inf, -math.inf, 1e300)]
    assert all(text.count("<img") == 17 for text in pages(tmp_path, views([]), found).values())


@needs_browser
@pytest.mark.parametrize(("reader", "width", "scheme"), [("student", PHONE, "light"), ("instructor", DESKTOP, "dark")])
def test_a_browser_runs_nothing_requests_nothing_and_finds_no_barrier(
    tmp_path: Path, browser: Browser, reader: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    skeletons = []
    for said in (MARKUP, "something else"):
        pages(tmp_path, views(records(said, values=said)[::5], run=facts(said)), exhibits(said))
        with opened(browser, tmp_path / f"{reader}.html", width, scheme) as seen:
            assert [url for url in seen.requested if not url.startswith("data:")] == [
                (tmp_path / f"{reader}.html").as_uri()
            ]
            assert seen.said == []
            assert seen.page.title().startswith("Results of ")
            assert seen.sideways() == 0
            skeletons.append(seen.skeleton())
            if said == MARKUP:
                assert seen.barriers() == []
    assert skeletons[0] == skeletons[1]


SPITEFUL = Job(
    "spiteful page",
    changes=(
        Change(
            "charlm/tokenizer.py", "def decode(", f"def decode(*_): raise RuntimeError({MARKUP!r})\n\n\ndef _decode("
        ),
        Change("charlm/data.py", "def split(", f"def split(*_): return {MARKUP!r}\n\n\ndef _split("),
        Change("charlm/attention.py", "import torch\n", f"import torch\n\nprint({MARKUP!r})\n"),
    ),
    seed=SEED,
    reported=True,
    checks=TOUCHED["tokenizer"] | TOUCHED["data"],
)


@pytest.mark.grades(SPITEFUL)
def test_a_grading_writes_both_pages(grading: Grading) -> None:
    assert grading.exit_code == 0
    assert set(grading.pages) == {"report.html", "report-instructor.html"}
    for text in grading.pages.values():
        assert "<script" not in text
        assert "&lt;script&gt;document.title" in text
        assert text.count("<img") == 4 * inputs.HEADS
    assert [str(SEED) in grading.pages[name] for name in ("report.html", "report-instructor.html")] == [False, True]
    assert grading.leaks == []


def test_time_and_memory_of_each_check_are_noted(tmp_path: Path) -> None:
    found = pages(tmp_path, views(records("")), {})
    assert all(re.search(r'<td class="number">0.25</td><td class="number">231</td>', text) for text in found.values())


def test_the_report_is_over_before_the_platform_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "run_seconds").write_text("540")
    request = GradeRequest(Path("submission"), tmp_path, "cpu", True, 0, True, time.monotonic() - 550)
    assert 15 < time_left(request, tmp_path) < 20


@pytest.mark.parametrize("source", ["", "{}", '{"student": {}, "exhibits": {}}'])
def test_a_report_that_cannot_be_written_is_said_and_no_more(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str
) -> None:
    (tmp_path / "report.json").write_text(source)
    request = GradeRequest(Path("submission"), tmp_path, "cpu", True, 0, False, time.monotonic())
    assert report_part.write(request, tmp_path) == report_part.LEFT_OUT
    assert "warning: there is no report" in capfd.readouterr().err
    assert not list(tmp_path.glob("*.html"))
