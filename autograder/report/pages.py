"""From values to a page: templates that escape whatever they are given, and a policy that lets nothing in or out."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES = Path(__file__).with_name("templates")
LARGEST = 2_000_000  # bytes of a page


class PageError(Exception):
    """A page that must not be written as it is."""


def prose(text: str) -> Markup:
    """The grader's own sentence, where what stands between backticks is code. Escaped like everything else."""
    pieces = re.split("`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if i % 2 else piece for i, piece in enumerate(pieces)
    )


def render(template: str, **values: Any) -> str:
    """The page as one self-contained document. Raises PageError when it is larger than a page may be."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    page = environment.get_template(template).render(style=Markup(style), policy=policy, **values)
    if len(page.encode()) > LARGEST:
        raise PageError(f"the page would have {len(page.encode())} bytes, more than {LARGEST}")
    return page
