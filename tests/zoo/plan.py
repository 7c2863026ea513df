"""What is graded, by which checks, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autograder.grading.catalogue import Catalogue
from tests.patches import Change
from tests.zoo.animals import Mistake, Variant
from tests.zoo.bench import Order
from tests.zoo.mutants import Mutant
from tests.zoo.reach import DRAWN, Reached, checks_to_run


@dataclass(frozen=True)
class Planner:
    """Makes orders. `reached`: what each check enters. `stop_early`: no further check over a mutant that is killed."""

    catalogue: Catalogue
    reached: Reached
    stop_early: bool = True

    def mistake(self, mistake: Mistake, seed: int = 0) -> Order:
        checks = self._with_trainings(self._noticing([mistake.change]), mistake.training)
        return Order(f"mistake: {mistake.name}", (mistake.change,), checks=checks, seed=seed)

    def variant(self, variant: Variant, seed: int = 0) -> Order:
        """What a check does not enter, it cannot tell from the reference's. The trainings run at seed 0 only.

        Checks whose inputs are the same at every seed run at two: all that differs there are the first weights.
        """
        noticing = self._all() if variant.whole else self._noticing(variant.changes)
        if seed > 1:
            noticing = [number for number in noticing if DRAWN in self.reached[number]]
        checks = self._with_trainings(noticing, variant.training and seed == 0)
        return Order(f"variant: {variant.name}", variant.changes, whole=variant.whole, checks=checks, seed=seed)

    def mutant(self, mutant: Mutant) -> Order:
        """Those that are about the changed function come first."""
        names = set((mutant.function or "").split("."))
        about = {check.number for check in self.catalogue.checks if check.covers & names}
        checks = sorted(self._noticing([mutant.change]), key=lambda number: number not in about)
        return Order(f"mutant: {mutant.id}", (mutant.change,), checks=tuple(checks), stop_early=self.stop_early)

    def trained_mutant(self, mutant: Mutant) -> Order:
        """The short trainings, for one that all other checks pass."""
        checks = tuple(check.number for check in self.catalogue.checks if check.number in self.catalogue.trained)
        return Order(f"mutant, trained: {mutant.id}", (mutant.change,), checks=checks, stop_early=True)

    def _all(self) -> list[str]:
        return [check.number for check in self.catalogue.checks if check.number not in self.catalogue.trained]

    def _noticing(self, changes: Iterable[Change]) -> list[str]:
        """Without the trained ones; at least one, for an order of none means all."""
        noticing = set(checks_to_run(changes, self.reached))
        return [number for number in self._all() if number in noticing] or self._all()

    def _with_trainings(self, checks: list[str], training: bool) -> tuple[str, ...]:
        trained = [check.number for check in self.catalogue.checks if check.number in self.catalogue.trained]
        return (*checks, *(trained if training else ()))
