"""Which checks load which module: what is graded of an attack that stands in it."""

from __future__ import annotations

import pytest

from tests.gradings import Grading, Job
from tests.touched import TOUCHED


def _graded(module: str) -> object:
    unloadable = Job(f"loads-{module}", appended=((f"charlm/{module}.py", 'raise RuntimeError("it was loaded")'),))
    return pytest.param(module, id=module, marks=[pytest.mark.grades(unloadable), pytest.mark.every_submission])


@pytest.mark.parametrize("module", [_graded(module) for module in TOUCHED])
def test_a_module_is_loaded_by_these_checks_alone(module: str, grading: Grading) -> None:
    grading.expect_sound(training=False)
    assert grading.failed | grading.blocked == TOUCHED[module]
