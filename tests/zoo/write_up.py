"""The figures of a run in words: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tests.zoo.figures import Figures, Loss, share_lost
from tests.zoo.needs import load_unneeded

FEW = 6  # names in a list, before the rest is counted


def write(figures: Figures, folder: Path) -> None:
    """Write zoo.md and zoo.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "zoo.md").write_text(markdown(figures), encoding="utf-8")
    table = asdict(figures) | {"kill_rate": figures.kill_rate, "blame_precision": figures.blame_precision}
    (folder / "zoo.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def markdown(figures: Figures) -> str:
    """All of it."""
    parts = [
        "# How right the grades are\n",
        "Written by `python -m tests.zoo`. Over a variant, checks that draw their inputs run at all seeds, the others",
        "at two, the short trainings at one.\n",
        _table(("figure", "value"), summary(figures)),
        *_complaints(figures),
        "## Points lost to each mistake\n",
        "Lost by failing checks of its own problem, by those of others, by blocked ones; what the problem is worth.\n",
        _by_problem(figures),
        "## Mutants that no check can notice\n",
        _equivalent(figures),
        "## What each check alone catches\n",
        "Mistakes and mutants that no other check fails on, and no other one of its kind (public or hidden).\n",
        _needs(figures),
    ]
    return "\n".join(parts)


def summary(figures: Figures) -> list[tuple[str, str]]:
    """The figures that fit into a line."""
    lost = share_lost(figures.losses) if figures.losses else {}
    animals = f"{figures.mistakes} mistakes, {figures.mutants} mutants, {figures.variants} variants"
    wanted = figures.mistakes + figures.mutants - len(figures.equivalent)
    rows = [
        ("graded", f"{animals} at {figures.seeds} seeds"),
        ("kill rate", f"{figures.kill_rate:.2%} ({figures.killed} of {wanted}; {len(figures.equivalent)} equivalent)"),
        ("mistakes with other verdicts than declared", str(len(figures.other_verdicts))),
        (
            "blame precision",
            f"{figures.blame_precision:.4f} ({figures.blame['abroad']} checks of other problems)",
        ),
        *((f"points lost / points of the problem: {name}", f"{value:.2f}") for name, value in lost.items()),
        ("false failures", f"{len(figures.false_failures)} in {figures.variants * figures.seeds} gradings of variants"),
        ("largest difference between two seeds' grades", f"{max(figures.grade_spread.values(), default=0.0):g} points"),
        ("checks that some animal needs", _needed(figures)),
        ("time", f"{figures.seconds / 60:.1f} min, {figures.cpu_seconds / 60:.1f} min of processor time"),
    ]
    return rows


def _needed(figures: Figures) -> str:
    alone = sum(bool(need.alone) for need in figures.needs)
    of_kind = sum(bool(need.alone or need.alone_of_kind) for need in figures.needs)
    return f"{alone} of {len(figures.needs)} alone, {of_kind} alone of their kind"


def _complaints(figures: Figures) -> list[str]:
    parts = []
    for title, names in (
        ("Mutants that live", figures.living),
        ("Mutants that are killed, and explained as equivalent", figures.killed_after_all),
        ("False failures", figures.false_failures),
        ("Faults of the grader", figures.faults),
        ("Grades that differ between seeds", [f"{n}: {d:g} points" for n, d in figures.grade_spread.items() if d]),
        ("Other verdicts than declared", [f"{name}: {what}" for name, what in figures.other_verdicts.items()]),
    ):
        if names:
            parts += [f"## {title}\n", "\n".join(f"- `{name}`" for name in names) + "\n"]
    return parts


def _by_problem(figures: Figures) -> str:
    rows = []
    for problem in sorted({loss.problem for loss in figures.losses}):
        losses = [loss for loss in figures.losses if loss.problem == problem]
        means = [sum(getattr(loss, kind) for loss in losses) / len(losses) for kind in ("own", "abroad", "blocked")]
        most = max(losses, key=_lost)
        most_lost, worth = f"{_lost(most):.2f} (`{most.mistake}`)", f"{most.worth:g}"
        rows.append((str(problem), str(len(losses)), *(f"{value:.2f}" for value in means), worth, most_lost))
    return _table(("problem", "mistakes", "own", "of others", "blocked", "worth", "most lost"), rows)


def _lost(loss: Loss) -> float:
    return loss.own + loss.abroad + loss.blocked


def _equivalent(figures: Figures) -> str:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, why in figures.equivalent.items():
        by_reason[why].append(name)
    return (
        "\n".join(f"- {why}\n" + "\n".join(f"  - `{name}`" for name in names) for why, names in by_reason.items())
        + "\n"
    )


def _needs(figures: Figures) -> str:
    kept = load_unneeded()
    rows = [(n.check, _few(n.alone), _few(n.alone_of_kind), _cell(kept.get(n.check, ""))) for n in figures.needs]
    return _table(("check", "it alone", "it alone of its kind", "why it is kept without a mistake"), rows)


def _few(names: list[str]) -> str:
    shown = ", ".join(f"`{_cell(name)}`" for name in names[:FEW])
    return shown + (f" and {len(names) - FEW} more" if len(names) > FEW else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"
