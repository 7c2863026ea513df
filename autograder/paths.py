"""Where everything lies, in the project and on Gradescope. Imports nothing of the grader."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

REFERENCE = ROOT / "reference"
TEMPLATE = ROOT / "student_template"
PUBLIC_CHECKS = TEMPLATE / "tests"
HIDDEN_CHECKS = ROOT / "autograder" / "checks"

SETTINGS = ROOT / "assignment.toml"
CALIBRATION = ROOT / "autograder" / "calibration.json"
RESULTS = ROOT / "results"
DIST = ROOT / "dist"

CORPUS = TEMPLATE / "data" / "shakespeare.txt"
"""The text that students train on; `REFERENCE_CORPUS` is the same text beside the solution."""
REFERENCE_CORPUS = REFERENCE / "data" / "shakespeare.txt"
HELD_OUT = ROOT / "autograder" / "data" / "held_out.txt"
"""Plays that no student is given."""
OWN_TEXTS = ROOT / "autograder" / "texts"
"""Where an instructor puts training.txt and held_out.txt, to be used instead of the plays."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "autograder-diff")
"""What `diff` may keep between two runs, and lose at any time."""

PLATFORM = Path(os.environ.get("AUTOGRADER_PLATFORM", "/autograder"))
"""Gradescope's folder. The variable exists for the tests, and `run_autograder` reads it too."""
PLATFORM_SOURCE = PLATFORM / "source"
PLATFORM_SUBMISSION = PLATFORM / "submission"
PLATFORM_METADATA = PLATFORM / "submission_metadata.json"
PLATFORM_RESULTS = PLATFORM / "results" / "results.json"
