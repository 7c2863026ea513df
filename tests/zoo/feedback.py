"""What students read under the checks that their mistakes fail: `python -m tests.zoo.feedback`.

Grades every planted mistake by the checks that it fails, holds each text against rules for all texts, and those of the
mistakes in feedback/ against what was recorded there, exactly as Gradescope shows it. Shows what differs; `--record`
writes it down. A heading `# name` without anything below it asks for that mistake to be recorded.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from autograder.grading.catalogue import Catalogue, load_catalogue
from support.info import CheckInfo
from tests.zoo.animals import Mistake, load_mistakes
from tests.zoo.bench import Bench, Order

FOLDER = Path(__file__).with_name("feedback")
# What a measurement comes to, and how often chance drew what, may differ a little between machines.
_MEASURED = re.compile(r"\d+\.\d+(e[-+]\d+)?|\d+e[-+]\d+|counts \[[^]]*\]")
LONGEST_TEXT, LONGEST_QUOTE = 1000, 130  # characters


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a text breaks a rule, or differs from the one that was recorded."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.feedback", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write down the texts of the mistakes in feedback/")
    parser.add_argument("--matching", default="", help="only mistakes whose names this regular expression finds")
    parser.add_argument("--processes", type=int, default=2, help="gradings side by side")
    options = parser.parse_args(arguments)
    mistakes = [mistake for mistake in load_mistakes() if re.search(options.matching, mistake.name)]
    catalogue, recorded = load_catalogue(), read_recorded()
    read = read_by_students(mistakes, catalogue, options.processes)
    wrong = [f"{name}: {fault}" for name, texts in read.items() for fault in faults(texts, catalogue)]
    differing = [
        name for name in recorded.keys() & read.keys() if not alike(recorded[name], sections(read[name], catalogue))
    ]
    for name in sorted(differing):
        print("\n".join(_difference(recorded[name], sections(read[name], catalogue), name)))
    if options.record:
        write_recorded({name: sections(read[name], catalogue) for name in recorded.keys() & read.keys()})
    print("\n".join(wrong))
    print(f"{len(read)} mistakes, {sum(map(len, read.values()))} texts: {len(wrong)} break a rule")
    print(f"{len(recorded.keys() & read.keys())} mistakes with recorded texts: {len(differing)} differ")
    return 1 if wrong or (differing and not options.record) else 0


def read_by_students(mistakes: Iterable[Mistake], catalogue: Catalogue, processes: int) -> dict[str, dict[str, str]]:
    """By mistake, what stands under each check that does not pass, of those that are declared to fail or be blocked."""
    read = {}
    with Bench(processes) as bench:
        orders = [Order(mistake.name, (mistake.change,), checks=_declared(mistake, catalogue)) for mistake in mistakes]
        for order, verdict in tqdm(bench.grade(orders), total=len(orders), unit="", disable=None):
            read[order.name] = verdict.messages
    return read


def _declared(mistake: Mistake, catalogue: Catalogue) -> tuple[str, ...]:
    declared = {*mistake.fails, *mistake.blocked}
    return tuple(check.number for check in catalogue.checks if check.number in declared)


def sections(texts: Mapping[str, str], catalogue: Catalogue) -> str:
    """All texts of one mistake as Markdown: the failing checks in full, then the blocked ones, those alike together."""
    failing: list[str] = []
    blocked: dict[str, list[str]] = {}
    for number in sorted(texts, key=lambda number: catalogue.by_number[number].order):
        text = texts[number].strip()
        if "**Blocked.**" in text:
            blocked.setdefault(_first_to_fix(text), []).append(number)
        else:
            failing.append(f"## {number} {catalogue.by_number[number].title}\n\n{text}\n")
    waiting = [f"- {', '.join(numbers)}: fix first {said}" for said, numbers in blocked.items()]
    return "\n".join([*failing, *(["## Blocked\n", *waiting, ""] if waiting else [])])


def read_recorded(folder: Path = FOLDER) -> dict[str, str]:
    """The recorded texts by mistake."""
    recorded = {}
    for path in sorted(folder.glob("problem_*.md")):
        for part in re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, _, body = part.partition("\n")
            recorded[name.strip()] = body.strip("\n") + "\n"
    return recorded


def write_recorded(texts: Mapping[str, str], folder: Path = FOLDER) -> None:
    """Put these in the place of what is recorded under the same names, whose order and files stay."""
    for path in sorted(folder.glob("problem_*.md")):
        head, *parts = re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for index, part in enumerate(parts):
            name = part.partition("\n")[0].strip()
            parts[index] = f"{name}\n\n{texts[name].strip()}\n\n" if name in texts else part
        path.write_text(("# ".join([head, *parts])).rstrip() + "\n", encoding="utf-8")


def alike(one: str, other: str) -> bool:
    """Whether two texts are the same but for what was measured."""
    return _MEASURED.sub("…", one).split() == _MEASURED.sub("…", other).split()


def _difference(old: str, new: str, name: str) -> list[str]:
    return list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), f"{name} as recorded", f"{name} now", lineterm="")
    )


def faults(texts: Mapping[str, str], catalogue: Catalogue) -> list[str]:
    """What is wrong with the texts of one submission, a sentence for each fault."""
    return [
        f"{number}: {what}"
        for number, text in texts.items()
        for what in _faults(text, catalogue.by_number[number], number in catalogue.hidden, texts)
    ]


def _faults(text: str, info: CheckInfo, hidden: bool, texts: Mapping[str, str]) -> list[str]:
    said, hint = _said(text), text.rpartition("*Hint:*")[2].strip()
    blocked = _first_to_fix(text)
    causes = re.findall(r"\(check ([\d.]+)\)", blocked)
    rules = {
        "the grader failed": "autograder itself failed" in said,
        "it says nothing": not said,
        "it has no hint": len(hint) < 20,
        "its sentence is missing": len(info.sentence) < 12,
        "it does not say what was done, expected and found": "**Failed.**" in text and not _complete(said),
        "it is too long": len(said) > LONGEST_TEXT,
        "it quotes too much": any(len(quote) > LONGEST_QUOTE for quote in re.findall(r"'[^'\n]*'|\[[^]\n]*\]", said)),
        "it shows a place of the grader's": bool(
            re.search(r"Traceback|File \"|autograder/|support[/.]|site-packages|/tmp/", said)
        ),
        "it shows an object": bool(re.search(r"<(class|function|module|\w+ object)|0x[0-9a-f]{6}", said)),
        "it shows values of a hidden input": hidden
        and bool(re.search(r"first at index|^expected |^off by |^Where:|tensor\(", said, re.M)),
        "it says not that inputs are hidden": hidden
        and not blocked
        and "inputs of this check are not shown" not in said,
        "it is blocked by what passes": any(number not in texts for number in causes),
        "it is blocked by what is blocked": any("**Blocked.**" in texts.get(number, "") for number in causes),
    }
    return [what for what, broken in rules.items() if broken]


def _complete(said: str) -> bool:
    if said.lower().startswith("not implemented yet"):
        return True
    parts = re.match(r"(?s)(.+?)\nExpected: (.+?)\nGot: (.+)", said)
    return parts is not None and parts[2].split("\n")[0] != parts[3].split("\n")[0]


def _first_to_fix(text: str) -> str:
    """What a blocked check waits for, "" for one that is not blocked."""
    found = re.search(r"Fix first: (.*?\))\.", " ".join(_said(text).split()))
    return found[1] if found else ""


def _said(text: str) -> str:
    """What stands in the code block of a check's output."""
    found = re.search(r"(?ms)^(`{3,})text\n(.*?)\n\1$", text)
    return found[2] if found else ""


if __name__ == "__main__":
    sys.exit(main())
