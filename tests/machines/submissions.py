"""Submissions whose grade could hang on rounding: computed in another order or precision, or a little wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder.paths import REFERENCE

# Name: the text of charlm/attention.py that becomes another. The first two are right, the others wrong by little.
CHANGES = {
    "float64 inside": (
        "q @ k.transpose(-2, -1) * head_size**-0.5",
        "(q.double() @ k.double().transpose(-2, -1) * head_size**-0.5).to(q)",
    ),
    "einsum": ("q @ k.transpose(-2, -1) * head_size**-0.5", 'torch.einsum("bih,bjh->bij", q, k) / head_size**0.5'),
    "fill of -1e4": ('float("-inf")', "-1e4"),
    "scale off by 1 %": ("* head_size**-0.5", "* head_size**-0.505"),
}


def write_submissions(folder: Path) -> dict[str, Path]:
    """One folder for each, by name. Raises ValueError when a text is not there exactly once."""
    written = {}
    for number, (name, (old, new)) in enumerate(CHANGES.items()):
        target = folder / str(number)
        shutil.copytree(REFERENCE / "charlm", target / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REFERENCE / "answers.toml", target)
        attention = target / "charlm" / "attention.py"
        text = attention.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{name}: {text.count(old)} times, not once: {old}")
        attention.write_text(text.replace(old, new), encoding="utf-8")
        written[name] = target
    return written
