"""All stages of two sides, compared: one row for each, on its own and in the flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.diff import flow as flows
from autograder.diff.compare import Difference, Verdict, compare
from autograder.diff.flow import Flow
from autograder.diff.observe import Look, Seen
from autograder.diff.stage import Stage
from autograder.diff.stages_attention import STAGES as ATTENTION
from autograder.diff.stages_device import stages as device_stages
from autograder.diff.stages_heads import STAGES as HEADS
from autograder.diff.stages_model import STAGES as MODEL
from autograder.diff.stages_sampling import STAGES as SAMPLING
from autograder.diff.stages_text import STAGES as TEXT
from autograder.diff.stages_training import STAGES as TRAINING
from support.parts import with_parts_below

STAGES_OF = {
    "attention_scores": ("scores", "scaled", "scores_large", "scores_untouched", "scores_gradient"),
    "causal_mask": ("masked", "mask_holds", "mask_any_dtype", "mask_untouched", "mask_gradient"),
    "attention_probs": ("probs", "probs_dim_1", "probs_large", "probs_gradient"),
    "Head": (
        *("q_k_v", "head", "head_gradient", "head_dim_1"),
        *("head_evaluated", "head_dim_1_evaluated", "head_reweighted"),
    ),
    "MultiHeadAttention": ("concatenated", "projected", "attention_gradient", "attention_dim_1"),
    "FeedForward": ("feed_forward", "feed_forward_gradient"),
    "Block": ("residual", "block", "block_gradient", "block_untouched", "block_dim_1"),
}
LONG = frozenset(stage.id for stage in (*TEXT, *TRAINING, *SAMPLING))
"""The stages that take, together with the flow, about as long as all others."""
ANSWERS = tuple(range(2, 11))  # the problems with written answers


@dataclass(frozen=True)
class Row:
    """One stage: `own` is how the submission's differs when both sides are fed the same, `flow` when each is fed with
    what it computed itself (None for stages beside the flow). `device` is where both run ("" for written answers)."""

    id: str
    problem: int
    title: str
    own: Difference
    flow: Difference | None = None
    device: str = ""

    @property
    def both(self) -> tuple[Difference, ...]:
        """How it differs on its own, and in the flow if it is in there."""
        return (self.own,) if self.flow is None else (self.own, self.flow)


@dataclass(frozen=True)
class Observed:
    """Everything that was seen of one side."""

    looks: Mapping[str, Look]
    flow: Flow
    answers: Mapping[str, Any]


def all_stages(device: str) -> tuple[Stage, ...]:
    """Every stage in the order of the flow; those on the accelerator `device` come last."""
    by_id = {stage.id: stage for stage in (*TEXT, *ATTENTION, *HEADS, *MODEL, *TRAINING, *SAMPLING)}
    embedded = [by_id.pop(name) for name in ("block_parameters", "parameters", "embedded")]
    ordered = []
    for stage in by_id.values():
        if stage.id == "q_k_v":
            continue
        if stage.id == "scores":
            ordered += [*embedded, by_id["q_k_v"]]
        ordered.append(stage)
    return (*ordered, *device_stages(device))


def rows(stages: Sequence[Stage], right: Observed, mine: Observed) -> list[Row]:
    """Compare two sides, stage by stage, then their written answers."""
    found: dict[str, Row] = {}
    underneath = below(stages)
    for stage in stages:
        red = {name for name in underneath[stage.id] if name in found and found[name].own.verdict is Verdict.DIFFERENT}
        own, settled = own_difference(stage, right.looks[stage.id], mine.looks[stage.id], stand_ins_count=bool(red))
        explained = bool(red - (replaced_stages(stage) if settled else set()))
        if own.verdict is Verdict.DIFFERENT and explained:
            own = replace(own, verdict=Verdict.FOLLOWS)
        flow = _flow_difference(stage, right.flow, mine.flow)
        found[stage.id] = Row(stage.id, stage.problem, stage.title, own, flow, stage.device or "cpu")
    return [*found.values(), *_answers(right.answers, mine.answers)]


def replaced_stages(stage: Stage) -> set[str]:
    """The stages of the parts that stand-ins take the place of, so that they explain nothing that is seen then."""
    return {name for part in with_parts_below(stage.replaced) for name in STAGES_OF[part]}


def own_difference(stage: Stage, right: Look, mine: Look, *, stand_ins_count: bool = True) -> tuple[Difference, bool]:
    """How a stage differs on its own, and whether that was seen with stand-ins for the parts below it.

    Right with its own parts or with the stand-ins is right. But where no part below is wrong, the stand-ins do not
    count: they only pass over what the parts are given wrongly.
    """
    own = compare(right.own, mine.own, optional=stage.optional, loose=stage.loose)
    if own.verdict is not Verdict.DIFFERENT or right.doubled is None or mine.doubled is None or not stand_ins_count:
        return own, False
    doubled = compare(right.doubled, mine.doubled, optional=stage.optional, loose=stage.loose)
    if doubled.verdict is Verdict.NOT_SEEN:
        return own, False
    return doubled, doubled.verdict is Verdict.DIFFERENT


def _flow_difference(stage: Stage, right: Flow, mine: Flow) -> Difference | None:
    if not stage.flow:
        return None
    if stage.flow not in right.steps or stage.flow not in mine.steps:
        return Difference(Verdict.NOT_REACHED)
    optional = stage.flow in flows.FORWARD and stage.flow != "logits"
    expected, got = right.steps[stage.flow], mine.steps[stage.flow]
    if stage.flow == "step":
        expected, got = flows.steady(expected, expected), flows.steady(expected, got)
    return compare(expected, got, optional=optional, loose=10.0)


def _answers(right: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Row]:
    found = []
    for problem in ANSWERS:
        name = f"problem_{problem}"
        expected, got = (Seen(_said(answers.get(name), right.get(name))) for answers in (right, mine))
        found.append(
            Row(f"answers_{problem}", problem, f"written answers to problem {problem}", compare(expected, got))
        )
    return found


def _said(answers: Any, keys: Any) -> dict[str, Any]:
    """The answers to the questions that there are, without line ends."""
    table = answers if isinstance(answers, dict) else {}
    asked = keys if isinstance(keys, dict) else table
    found = {str(key): table.get(key) for key in asked}
    return {key: " ".join(value.split()) if isinstance(value, str) else value for key, value in found.items()}


def below(stages: Sequence[Stage]) -> dict[str, set[str]]:
    """For each stage the ones that it builds on, and those that these build on."""
    direct = {stage.id: set(stage.builds_on) for stage in stages}
    found: dict[str, set[str]] = {}

    def all_below(name: str) -> set[str]:
        if name not in found:
            found[name] = set()
            found[name] = direct[name].union(*(all_below(other) for other in direct[name] if other in direct))
        return found[name]

    for stage in stages:
        unknown = direct[stage.id] - set(direct)
        if unknown:
            raise ValueError(f"{stage.id} builds on stages that there are not: {sorted(unknown)}")
        all_below(stage.id)
    return found


def first_red(found: Iterable[Row]) -> Row | None:
    """The first row that differs on its own."""
    return next((row for row in found if row.own.verdict is Verdict.DIFFERENT), None)


def first_divergence(found: Iterable[Row]) -> Row | None:
    """The first row where the flow of the two sides parts."""
    return next((row for row in found if row.flow is not None and row.flow.verdict is Verdict.DIFFERENT), None)
