"""The page of a comparison: escaped, self-contained, small; and in a real browser without a request or an error."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from autograder.diff import inputs
from autograder.diff.differ import Comparison, Differ, Side, reference_side
from autograder.report.diff_page import page
from autograder.report.pages import LARGEST
from tests.browsing import DESKTOP, PHONE, needs_browser, opened
from tests.patches import Change, write_patched
from tests.zoo.animals import load_mistakes

MARKUP = "</pre><script>document.title='taken'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
NAN = Change("charlm/attention.py", "return scores.softmax(dim=dim)", "return scores.softmax(dim=dim) * float('nan')")


def compared(differ: Differ, folder: Path, *changes: Change, name: str = "mine") -> Comparison:
    folder.chmod(0o711)
    write_patched(changes, folder / "submission")
    return differ.compare(Side(name, folder / "submission", reference_side().answers))


def saying(differ: Differ, folder: Path, text: str) -> str:
    """The page of a submission whose name, vocabulary and errors are this text."""
    loss = "    B, T, V = logits.shape"
    found = compared(
        differ,
        folder,
        Change("charlm/tokenizer.py", "return sorted(set(text))", f"return [{text!r}]"),
        Change("charlm/training.py", loss, f"    raise RuntimeError({text!r})\n{loss}"),
        name=text,
    )
    return page(replace(found, unimportable=(text,)), "gpu", 1.0)


@pytest.fixture(scope="module")
def spiteful(differ: Differ, tmp_path_factory: pytest.TempPathFactory) -> str:
    return saying(differ, tmp_path_factory.mktemp("spiteful"), MARKUP)


@pytest.fixture(scope="module")
def harmless(differ: Differ, tmp_path_factory: pytest.TempPathFactory) -> str:
    return saying(differ, tmp_path_factory.mktemp("harmless"), "something else")


def test_student_text_is_escaped_wherever_it_stands(spiteful: str) -> None:
    assert spiteful.count("&lt;script&gt;document.title") >= 3
    assert "<script" not in spiteful
    assert not re.search(r"<img(?! src=\"data:image/svg\+xml;base64,)", spiteful)


def test_the_page_is_one_small_file_that_refers_to_nothing(spiteful: str) -> None:
    assert len(spiteful.encode()) < LARGEST
    assert "default-src 'none'" in html.unescape(spiteful)
    attributes = re.findall(r"<[^>]*\s(?:src|href)=\"([^\"]*)\"", spiteful)
    assert attributes
    assert all(value.startswith(("data:", "#")) for value in attributes)


def test_each_picture_has_a_text_that_says_what_it_shows(differ: Differ, tmp_path: Path) -> None:
    mistakes = {mistake.name: mistake.change for mistake in load_mistakes()}
    text = page(compared(differ, tmp_path, mistakes["mask_shows_the_next"]), "gpu", 1.0)
    alternatives = re.findall(r'<img src="data:[^"]*" alt="([^"]*)"', text)
    assert len(alternatives) == 4 * inputs.HEADS  # four pictures for each
    assert alternatives.count("expected. Rows sum to 1, 0 on the future.") == inputs.HEADS
    assert sum(said.startswith("compared. Rows sum to 1, ") for said in alternatives) == inputs.HEADS
    assert alternatives.count("compared. Rows sum to 1, 0 on the future.") == 0
    assert sum("Largest difference" in said for said in alternatives) == inputs.HEADS


def test_nan_and_a_missing_picture_are_said(differ: Differ, tmp_path: Path, spiteful: str) -> None:
    assert "NaN or infinity in" in page(compared(differ, tmp_path, NAN), "gpu", 1.0)
    assert "There is no picture: compared computes no probabilities" in spiteful


@needs_browser
@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
def test_a_browser_runs_nothing_requests_nothing_and_finds_no_barrier(
    spiteful: str, harmless: str, tmp_path: Path, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    files = {"<b>page&.html": spiteful, "other.html": harmless}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    skeletons = []
    for name in files:
        with opened(browser, tmp_path / name, width, scheme) as view:
            assert [url for url in view.requested if not url.startswith("data:")] == [(tmp_path / name).as_uri()]
            assert view.said == []
            assert view.page.title().endswith("compared with reference")
            assert view.sideways() == 0
            skeletons.append(view.skeleton())
            assert view.barriers() == []
    assert skeletons[0] == skeletons[1]
