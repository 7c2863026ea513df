"""The page of a comparison: escaped, self-contained, small; and in a real browser without a request or an error."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.diff.differ import Comparison, Differ, Side, reference_side
from autograder.report.diff_page import page
from autograder.report.pages import LARGEST
from autograder.sandbox.zygote import Zygote
from tests.patches import Change, write_patched
from tests.zoo.animals import load_mistakes

MARKUP = "</pre><script>document.title='taken'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
SPITEFUL = (
    Change("charlm/tokenizer.py", "return sorted(set(text))", f"return [{MARKUP!r}]"),
    Change(
        "charlm/training.py", "    B, T, V = logits.shape", f"    raise RuntimeError({MARKUP!r})\n    B, T, V = 1, 1, 1"
    ),
)
NAN = Change("charlm/attention.py", "return scores.softmax(dim=dim)", "return scores.softmax(dim=dim) * float('nan')")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no browser here: apt-get install chromium")


@pytest.fixture(scope="module")
def differ() -> Iterator[Differ]:
    with Zygote.start_apart() as zygote:
        yield Differ(zygote, reference_side())


def compared(differ: Differ, folder: Path, *changes: Change, name: str = "mine") -> Comparison:
    folder.chmod(0o711)
    write_patched(changes, folder / "submission")
    return differ.compare(Side(name, folder / "submission", reference_side().answers))


@pytest.fixture(scope="module")
def spiteful(differ: Differ, tmp_path_factory: pytest.TempPathFactory) -> str:
    found = compared(differ, tmp_path_factory.mktemp("spiteful"), *SPITEFUL, name=MARKUP)
    return page(replace(found, unimportable=(MARKUP,)), "gpu", 1.0)


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
    assert len(alternatives) == 4
    assert all("expected: rows sum to between 1 and 1, 0 on the future." in said for said in alternatives)
    assert not any("compared: rows sum to between 1 and 1, 0 on the future." in said for said in alternatives)


def test_nan_and_a_missing_picture_are_said(differ: Differ, tmp_path: Path, spiteful: str) -> None:
    assert "NaN or infinity in" in page(compared(differ, tmp_path, NAN), "gpu", 1.0)
    assert "There is no picture: compared computes no probabilities" in spiteful


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_runs_nothing_requests_nothing_and_has_no_error(spiteful: str, tmp_path: Path, width: int) -> None:
    assert CHROMIUM is not None
    document, log = tmp_path / "<b>page.html", tmp_path / "net.json"
    document.write_text(spiteful, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", f"--log-net-log={log}"]
    command = [CHROMIUM, *options, "--enable-logging=stderr", "--dump-dom", document.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "<title>taken" not in done.stdout
    assert "compared with reference</title>" in done.stdout
    assert "CONSOLE" not in done.stderr
    requested = {event.get("params", {}).get("url", "") for event in json.loads(log.read_text())["events"]}
    assert not [url for url in requested if "127.0.0.1:9" in url]
