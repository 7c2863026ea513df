"""Pages as people meet them: in a real browser, narrow or wide, light or dark, and with a screen reader's questions.

The fixture `browser` of tests/conftest.py is the browser; mark its tests with `needs_browser`.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no browser here: apt-get install chromium")

PHONE, DESKTOP = 360, 1280  # the width in CSS pixels
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass(frozen=True)
class View:
    """A page that is open. `requested` has the addresses that it asked for, `said` what it logged, raised or showed."""

    page: Page
    requested: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def skeleton(self) -> list[str]:
        """Each element with the names of its attributes, in order: what no text may change."""
        script = "[...document.querySelectorAll('*')].map(e => [e.tagName, ...e.getAttributeNames()].join(' '))"
        found: list[str] = self.page.evaluate(script)
        return found

    def sideways(self) -> int:
        """How many pixels the page itself can be scrolled to the right."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth"))

    def barriers(self) -> list[str]:
        """What keeps people from using the page, as axe-core finds it: one line for each rule."""
        found: dict[str, Any] = Axe().run(self.page, options=RULES).response
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:300]}" for rule in found["violations"]]


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """The browser of this machine, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(
    browser: Browser,
    file: Path,
    width: int = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
    media: Literal["print", "screen"] = "screen",
) -> Iterator[View]:
    """The page in `file`, all of its parts unfolded, by keyboard."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    view = View(context.new_page())
    view.page.emulate_media(media=media, color_scheme=scheme)
    view.page.on("request", lambda request: view.requested.append(request.url))
    view.page.on("console", lambda message: view.said.append(message.text))
    view.page.on("pageerror", lambda error: view.said.append(str(error)))
    view.page.on("dialog", lambda dialog: (view.said.append(dialog.message), dialog.dismiss()))
    view.page.goto(file.as_uri(), wait_until="load")
    for folded in view.page.locator("details > summary").all():
        folded.press("Enter")
    yield view
    context.close()
