"""From what a student handed in to a clean copy of the files that the assignment names.

Nothing of a submission is imported or executed here. `take_in` is the whole interface.
"""

from autograder.intake.collect import Intake, IntakeError, take_in
from autograder.intake.limits import IntakeLimits

__all__ = ["Intake", "IntakeError", "IntakeLimits", "take_in"]
