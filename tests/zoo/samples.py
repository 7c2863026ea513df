"""How the mistakes and variants of the sample are graded by the project's own tests.

By the checks that load what was changed; with `--every-submission` also as a whole, which shows that the rest pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.gradings import Job
from tests.touched import checks_loading
from tests.zoo.animals import Mistake, Variant


def job(animal: Mistake | Variant) -> Job:
    """A grading by the checks that load it."""
    whole = whole_job(animal)
    return replace(whole, checks=checks_loading(whole))


def whole_job(animal: Mistake | Variant) -> Job:
    """A grading by all checks."""
    if isinstance(animal, Mistake):
        return Job(animal.name, changes=(animal.change,), training=animal.training)
    return Job(animal.name, changes=animal.changes, whole=animal.whole, training=animal.training)


def sampled(animals: Iterable[Mistake | Variant]) -> list[object]:
    """Parameters for a test: an animal, and the checks that it is graded by (None for all)."""
    sample = [animal for animal in animals if animal.sample]
    wholly = [animal for animal in sample if job(animal) != whole_job(animal)]
    return [
        *(_graded(animal, job(animal), animal.name) for animal in sample),
        *(
            _graded(animal, whole_job(animal), f"{animal.name} as a whole", pytest.mark.every_submission)
            for animal in wholly
        ),
    ]


def _graded(animal: Mistake | Variant, how: Job, name: str, *marks: pytest.MarkDecorator) -> object:
    return pytest.param(animal, how.checks, id=name, marks=[pytest.mark.grades(how), *marks])
