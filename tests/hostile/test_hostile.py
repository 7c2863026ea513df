"""A hostile submission gets what its honest parts earn, learns nothing, costs little, and leaves nothing behind.

Each attack is a folder: `verdict.toml` (see `attacks.Attack`), `attack.py` and `twin.py`, which are appended to one of
the reference's modules, or `build.py` with functions of these names that write a whole submission. The twin is honest
code that resembles the attack, and gets every point; several of them are graded as one submission.

Run with `--every-submission`, it says at the end what it took.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from autograder.grading.catalogue import load_catalogue
from autograder.sandbox import privileges
from tests.gradings import FAILING, Grading, Job
from tests.hostile.attacks import KINDS, SEED, Attack, load_attacks
from tests.hostile.together import together
from tests.touched import checks_loading

ATTACKS = load_attacks()
SAMPLED = {attack.honest for attack in ATTACKS if attack.sample}
SIMILAR = {attack.honest for attack in ATTACKS if attack.honest.appended and not attack.honest.limits}
SIMILAR -= {job for job in SIMILAR if job.training}
# What a test run without --every-submission grades is graded apart from the rest.
GROUPS = together(SIMILAR & SAMPLED) | together(SIMILAR - SAMPLED)
CATALOGUE = load_catalogue()
# Of one grading. Honest ones without trainings take 8 s on a core, and 350 MB in their largest process.
MOST_SECONDS, MOST_CPU_SECONDS, MOST_MB = 180.0, 60.0, 900.0
HIDDEN_INPUT = "an input that was hidden"  # what leaks/inputs_in_exceptions says of what it is given
OVERHEAD_MB = 500.0  # what a process has before it may use `memory_mb` of its own
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
OWN_MARKUP = {"paragraph", "inline", "text", "softbreak", "strong", "em", "code_inline", "fence"}
OWN_MARKUP |= {"table", "thead", "tbody", "tr", "th", "td"}
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

root = pytest.mark.skipif(not privileges.can_change_user(), reason="needs root on Linux, as on the platform")


def _graded(attack: Attack, job: Job) -> object:
    marks = [pytest.mark.grades(job), *([] if attack.sample else [pytest.mark.every_submission])]
    return pytest.param(attack, id=attack.name, marks=marks)


def _twins_job(attack: Attack) -> Job:
    """That of several twins, or one of its own, with no more checks than can tell it from the reference."""
    job = GROUPS.get(attack.honest, attack.honest)
    return replace(job, checks=checks_loading(job))


@root
@pytest.mark.parametrize("attack", [_graded(attack, attack.attacks) for attack in ATTACKS])
def test_an_attack_gains_nothing(attack: Attack, grading: Grading) -> None:
    _expect_nothing_left(grading)
    _expect_nothing_told(grading)
    _expect_little_use(attack, grading)
    _expect_valid(grading)
    _expect_plain(grading)
    if attack.refused:
        _expect_refused(grading)
        return
    grading.expect_sound(training=attack.training, checks=attack.checks)
    blamed = {number: outcome for number, outcome in grading.outcomes.items() if outcome in FAILING}
    assert (blamed, grading.blocked) == (attack.fails, set(attack.blocked))
    lost = {*attack.fails, *attack.blocked}
    assert grading.score == grading.reachable - sum(map(grading.points, lost), Fraction(0))


@root
@pytest.mark.parametrize("attack", [_graded(attack, _twins_job(attack)) for attack in ATTACKS])
def test_its_twin_gets_every_point(attack: Attack, grading: Grading) -> None:
    _expect_nothing_left(grading)
    _expect_valid(grading)
    grading.expect_sound(training=attack.training, checks=_twins_job(attack).checks)
    assert (grading.failed, grading.blocked) == (set(), set())
    assert grading.score == grading.reachable


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_described(attack: Attack) -> None:
    assert attack.what.endswith(".")
    lost = [*attack.fails, *attack.blocked]
    assert len(lost) == len(set(lost))
    assert set(lost) <= set(CATALOGUE.by_number)
    assert set(attack.fails.values()) <= FAILING
    assert attack.training or not set(lost) & CATALOGUE.trained
    assert attack.checks is None or set(lost) <= attack.checks
    assert not attack.only or attack.checks == attack.only < set(CATALOGUE.by_number)
    assert not (attack.refused and lost)
    assert attack.honest not in {other.attacks for other in ATTACKS}


def test_there_are_attacks_of_every_kind() -> None:
    assert len(ATTACKS) >= 60
    assert {attack.kind for attack in ATTACKS} == set(KINDS)
    assert len({attack.attacks.appended for attack in ATTACKS if attack.place}) == sum(
        attack.place is not None for attack in ATTACKS
    )


def test_a_fixed_third_is_graded_in_every_run() -> None:
    sampled = [attack for attack in ATTACKS if attack.sample]
    assert len(ATTACKS) / 4 <= len(sampled) <= len(ATTACKS) / 2
    assert len({attack.kind for attack in sampled}) >= len(KINDS) / 2


def _expect_nothing_left(grading: Grading) -> None:
    assert grading.usage.left == []


def _expect_nothing_told(grading: Grading) -> None:
    assert grading.leaks == []
    told = {key: value for key, value in grading.results.items() if key != "extra_data"}  # which says the seed
    assert str(SEED) not in json.dumps(told)
    hidden = [test["output"] for test in grading.results["tests"] if test.get("number") in CATALOGUE.hidden]
    assert not any(HIDDEN_INPUT in output for output in hidden)


def _expect_little_use(attack: Attack, grading: Grading) -> None:
    usage, limits = grading.usage, dict(attack.limits)
    most_mb = limits["memory_mb"] + OVERHEAD_MB if "memory_mb" in limits else MOST_MB
    assert usage.seconds <= MOST_SECONDS
    assert usage.cpu_seconds <= MOST_CPU_SECONDS
    assert usage.peak_mb <= most_mb


def _expect_valid(grading: Grading) -> None:
    assert grading.not_of_the_format == []
    numbers = [test["number"] for test in grading.results["tests"] if "number" in test]
    assert sorted(numbers) == sorted(CATALOGUE.by_number)


def _expect_refused(grading: Grading) -> None:
    assert grading.exit_code == 0
    assert set(grading.outcomes.values()) == {"refused"}
    assert grading.score == grading.results["score"] == 0


def _expect_plain(grading: Grading) -> None:
    """No text of a submission is markup, or moves a terminal's cursor."""
    outputs = [grading.results["output"], *(test["output"] for test in grading.results["tests"])]
    assert frozenset[str]().union(*map(_kinds, outputs)) <= OWN_MARKUP
    assert CONTROLS.findall(grading.printed) == []
    assert not any(CONTROLS.search(test["name"]) for test in grading.results["tests"])


@functools.cache
def _kinds(text: str) -> frozenset[str]:
    """Of markup. Most gradings say much the same."""
    return frozenset(token.type.removesuffix("_open").removesuffix("_close") for token in _tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or []
