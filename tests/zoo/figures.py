"""What the verdicts on a zoo come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean, median

from autograder.grading.catalogue import Catalogue
from tests.zoo.animals import Mistake
from tests.zoo.bench import Verdict
from tests.zoo.grade import Graded, Zoo
from tests.zoo.margins import Margin


@dataclass(frozen=True)
class Loss:
    """Points that a mistake cost: by failing checks of its own problem, of other problems, and by blocked ones.

    `worth`: the points of its problem.
    """

    mistake: str
    problem: int
    own: float
    abroad: float
    blocked: float
    worth: float


@dataclass(frozen=True)
class Need:
    """Who needs a check: those that it alone catches, of all checks, and of those that students see or do not."""

    check: str
    alone: list[str]
    alone_of_kind: list[str]


@dataclass(frozen=True)
class Figures:
    """The figures of one run; lists are names. Of mutants, `living` are those that are neither killed nor explained.

    `faults` are the grader's own, where it failed instead of judging.
    """

    mistakes: int
    mutants: int
    variants: int
    seeds: int
    killed: int
    equivalent: dict[str, str]
    living: list[str]
    killed_after_all: list[str]
    other_verdicts: dict[str, dict[str, list[str]]]
    blame: dict[str, int]
    losses: list[Loss]
    false_failures: list[str]
    faults: list[str]
    grade_spread: dict[str, float]
    needs: list[Need]
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def kill_rate(self) -> float:
        """Of mistakes and mutants that are not equivalent."""
        wanted = self.mistakes + self.mutants - len(self.equivalent)
        return self.killed / wanted if wanted else 1.0

    @property
    def blame_precision(self) -> float:
        """Of the checks that failed, the part that belongs to the problem of the mistake."""
        return self.blame["own"] / max(1, self.blame["own"] + self.blame["abroad"])

    @property
    def right(self) -> bool:
        """Whether the grader is as it has to be."""
        wrong = self.living or self.killed_after_all or self.other_verdicts or self.false_failures or self.faults
        return not wrong and self.blame_precision >= 0.95 and not any(self.grade_spread.values())


def figures_of(zoo: Zoo, graded: Graded, catalogue: Catalogue, points: Mapping[str, float]) -> Figures:
    """`points`: those of each check by number."""
    survivors = [name for name, verdict in graded.mutants.items() if not verdict.failed]
    missed = [mistake.name for mistake in zoo.mistakes if not graded.mistakes[mistake.name].failed]
    chosen = {mutant.id for mutant in zoo.mutants}
    problem_of = {check.number: check.problem for check in catalogue.checks}
    blamed = [
        problem_of[number] == mistake.problem
        for mistake in zoo.mistakes
        for number in graded.mistakes[mistake.name].failed
    ]
    return Figures(
        mistakes=len(zoo.mistakes),
        mutants=len(zoo.mutants),
        variants=len(zoo.variants),
        seeds=zoo.seeds,
        killed=len(zoo.mistakes) - len(missed) + len(zoo.mutants) - len(survivors),
        equivalent={name: why for name, why in zoo.equivalent.items() if name in chosen},
        living=[*missed, *(name for name in survivors if name not in zoo.equivalent)],
        killed_after_all=sorted((set(zoo.equivalent) & chosen) - set(survivors)),
        other_verdicts=_other_verdicts(zoo.mistakes, graded.mistakes),
        blame={"own": sum(blamed), "abroad": len(blamed) - sum(blamed)},
        losses=[_loss(mistake, graded.mistakes[mistake.name], problem_of, points) for mistake in zoo.mistakes],
        false_failures=[
            f"{name}, seed {seed}: {number} {verdict.outcomes[number]}"
            for (name, seed), verdict in sorted(graded.variants.items())
            for number in sorted(verdict.failed | verdict.blocked)
        ],
        faults=_faults(graded),
        grade_spread=_grade_spread(graded, points),
        needs=_needs(graded, catalogue),
    )


def margins_of(graded: Graded, catalogue: Catalogue) -> dict[str, Margin]:
    """For each check that compares numbers, what correct and what wrong submissions come to."""
    margins: dict[str, Margin] = defaultdict(Margin)
    for verdict in graded.variants.values():
        for number, found in verdict.margins.items():
            margins[number].add_correct(found)
    for verdicts in (graded.mistakes, graded.mutants):
        for name, verdict in verdicts.items():
            for number in verdict.failed & set(verdict.margins):
                margins[number].add_wrong(verdict.margins[number], name)
    return {check.number: margins[check.number] for check in catalogue.checks if check.number in margins}


def _other_verdicts(mistakes: Iterable[Mistake], verdicts: Mapping[str, Verdict]) -> dict[str, dict[str, list[str]]]:
    found = {}
    for mistake in mistakes:
        verdict = verdicts[mistake.name]
        differences = {
            "fails after all": sorted(verdict.failed - set(mistake.fails)),
            "does not fail": sorted(set(mistake.fails) - verdict.failed),
            "blocked after all": sorted(verdict.blocked - set(mistake.blocked)),
            "not blocked": sorted(set(mistake.blocked) - verdict.blocked),
        }
        if any(differences.values()):
            found[mistake.name] = {what: numbers for what, numbers in differences.items() if numbers}
    return found


def _faults(graded: Graded) -> list[str]:
    """Where the grader itself failed: such a check says nothing about a submission."""
    verdicts = [*graded.mistakes.items(), *graded.mutants.items(), *graded.variants.items(), *graded.again.items()]
    return [f"{name}: {number}" for name, verdict in verdicts for number in sorted(verdict.faults)]


def _loss(mistake: Mistake, verdict: Verdict, problem_of: Mapping[str, int], points: Mapping[str, float]) -> Loss:
    own = [number for number in verdict.failed if problem_of[number] == mistake.problem]
    return Loss(
        mistake.name,
        mistake.problem,
        own=_sum(own, points),
        abroad=_sum(verdict.failed.difference(own), points),
        blocked=_sum(verdict.blocked, points),
        worth=_sum((number for number, problem in problem_of.items() if problem == mistake.problem), points),
    )


def _grade_spread(graded: Graded, points: Mapping[str, float]) -> dict[str, float]:
    """For what was graded at several seeds, the largest difference between two of its grades."""
    lost: dict[str, list[float]] = defaultdict(list)
    for (name, _), verdict in [*graded.variants.items(), *graded.again.items()]:
        lost[name].append(_sum(verdict.failed | verdict.blocked, points))
    for name in {name for name, _ in graded.again}:
        lost[name].append(_sum(graded.mistakes[name].failed | graded.mistakes[name].blocked, points))
    return {name: round(max(values) - min(values), 2) for name, values in sorted(lost.items())}


def _needs(graded: Graded, catalogue: Catalogue) -> list[Need]:
    alone, of_kind = defaultdict(list), defaultdict(list)
    for name, verdict in [*graded.mistakes.items(), *graded.mutants.items()]:
        complete = verdict.outcomes.keys() > verdict.failed or name in graded.mistakes
        if not complete:
            continue
        if len(verdict.failed) == 1:
            alone[next(iter(verdict.failed))].append(name)
        for kind in (verdict.failed & catalogue.hidden, verdict.failed - catalogue.hidden):
            if len(kind) == 1:
                of_kind[next(iter(kind))].append(name)
    return [Need(check.number, alone[check.number], of_kind[check.number]) for check in catalogue.checks]


def _sum(numbers: Iterable[str], points: Mapping[str, float]) -> float:
    return round(sum(points[number] for number in numbers), 2)


def share_lost(losses: Iterable[Loss]) -> dict[str, float]:
    """Points lost over points that the problem is worth: mean, median and largest, with and without blocked ones."""
    failing = [(loss.own + loss.abroad) / loss.worth for loss in losses]
    everything = [(loss.own + loss.abroad + loss.blocked) / loss.worth for loss in losses]
    return {
        "mean, failing checks": mean(failing),
        "median, failing checks": median(failing),
        "largest, failing checks": max(failing),
        "mean, blocked ones too": mean(everything),
        "median, blocked ones too": median(everything),
        "largest, blocked ones too": max(everything),
    }
