"""The pages of a grading: one for the student, one with everything for the instructor.

Reads a file that the grading left, and imports neither torch nor anything of the checks, so that it can run in a
process of its own when the others are gone.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.results.store import write_text
from autograder.results.text import clean


def write(source: Path, targets: Mapping[str, Path]) -> None:
    """Write a page into each of the `targets`, "student" and "instructor".

    `source` is JSON: under these names what `results.view` made, under "exhibits" what `grading.exhibits` found.
    Raises PageError, OSError, and ValueError for a source that is none.
    """
    # Where matplotlib keeps the list of fonts that it takes a third of a second to make: not in the home folder.
    os.environ["MPLCONFIGDIR"] = sys.prefix if os.access(sys.prefix, os.W_OK) else str(source.parent)
    from autograder.report.pages import render

    found = json.loads(source.read_text(encoding="utf-8"))
    pictures = _pictures(found["exhibits"])
    for name, target in targets.items():
        shown = found[name]
        # Who may not see every check yet would see in a picture what they find.
        exhibits = pictures if shown["complete"] else {}
        write_text(target, render("grade.html.j2", **shown, **_for(exhibits, shown["instructor"])), lasting=False)


def _for(exhibits: Mapping[str, Any], instructor: bool) -> dict[str, Any]:
    """Where right losses lie is a secret of the grader's, so students get the curves without the bands."""
    curves = exhibits.get("curves_over_bands" if instructor else "curves")
    return {"curves": curves, "attention_of": exhibits.get("attention"), "samples": exhibits.get("samples", {})}


def _pictures(found: Mapping[str, Any]) -> dict[str, Any]:
    from autograder.report.heads import exhibit

    drawn: dict[str, Any] = {}
    if "attention" in found:
        right, mine = found["attention"]
        drawn["attention"] = exhibit(right, mine, found["letters"], ("reference", "submission"))
    if found.get("curves"):
        drawn["curves"] = _curves(found, {})
        drawn["curves_over_bands"] = _curves(found, found["bands"])
        drawn["samples"] = {name: clean(text, 400) for name, text in found["samples"].items()}
    return drawn


def _curves(found: Mapping[str, Any], bands: Mapping[str, Any]) -> dict[str, Any]:
    """The picture, and the same as a table for who does not see it."""
    from autograder.report import pictures

    lines, rows = [], []
    for name, curve in found["curves"].items():
        for text in ("train", "test"):
            lines.append((f"{name}: {text} text", curve["steps"], curve[text]))
            ends = (f"{curve[text][0]:.3f}", f"{curve[text][-1]:.3f}")
            rows.append({"name": name, "text": f"{text} text", "first": ends[0], "last": ends[1]})
        lines.append((f"{name}: other plays", curve["steps"][-1:], [curve["held_out"]]))
        rows.append({"name": name, "text": "other plays", "first": "", "last": f"{curve['held_out']:.3f}"})
    shaded = [(f"{name}: where other plays lie", low, high) for name, (low, high) in bands.items()]
    within = [f"{name}: between {low:.3f} and {high:.3f} on other plays" for name, (low, high) in bands.items()]
    return {"picture": pictures.curves(lines, shaded, found["highest"]), "rows": rows, "bands": within}
