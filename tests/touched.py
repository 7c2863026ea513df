"""Which checks load which module of charlm: what is graded of a change that stands in it."""

from __future__ import annotations

import sys
from pathlib import Path

from autograder.grading.catalogue import load_catalogue
from tests.gradings import Job

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOUCHED = {
    module: frozenset(numbers)
    for module, numbers in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
FILES = {f"charlm/{module}.py": module for module in TOUCHED}
TRAINED = load_catalogue().trained  # which load all of it


def checks_loading(job: Job) -> frozenset[str] | None:
    """The checks that load what a job changes in the reference, None for all. To the others it is the reference."""
    changed = {*(file for file, _ in job.appended), *(change.file for change in job.changes)}
    if not changed or not changed <= FILES.keys():
        return None
    loading = frozenset[str]().union(*(TOUCHED[FILES[file]] for file in changed))
    return loading | TRAINED if job.training else loading
