"""The picture of the project in docs/architecture.md, drawn from what imports what.

`python -m tests.architecture` writes it anew; a test fails when it no longer fits the imports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from autograder.paths import ROOT

PICTURE = ROOT / "docs" / "architecture.md"
# What the boxes are: a folder of autograder/, modules of one purpose, or the library of the public checks.
TITLES = {
    "cli": "command line",
    "zips": "template, handout, package, rubric",
    "rehearsal": "rehearsal of the platform",
    "bands": "texts, calibration, bands",
    "grading": "grading: launcher, pytest plugin, ledger",
    "checks": "hidden checks",
    "intake": "intake: a clean copy",
    "sandbox": "sandbox: zygote, workers, handles",
    "results": "results: results.json, terminal",
    "report": "report: pages with pictures",
    "diff": "diff, stage by stage",
    "support": "support: what checks are written with, handed out too",
}
_MODULES = {
    **dict.fromkeys(("cli", "__main__"), "cli"),
    **dict.fromkeys(("handout", "handout_notebook", "package", "packing", "rubric", "secrecy", "template"), "zips"),
    **dict.fromkeys(("bands", "calibration", "calibration_runs", "corpus", "student_t"), "bands"),
}


def imports() -> dict[str, set[str]]:
    """The boxes that each box imports. Small modules for all (paths, settings and the like) belong to none."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "autograder").rglob("*.py")):
        here = _box(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for module in _imported(path):
            there = _box(module)
            if here and there and here != there:
                found.setdefault(here, set()).add(there)
    return found


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _box(module: str) -> str | None:
    first, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    if first == "support":
        return "support"
    if first != "autograder":
        return None
    return name if (ROOT / "autograder" / name).is_dir() and name in TITLES else _MODULES.get(name)


def drawn(edges: dict[str, set[str]]) -> str:
    """The picture in Mermaid's language, which code hosts draw: solid what imports, dotted what runs or asks."""
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'    {name}["{title}"]' for name, title in TITLES.items()]
    lines += ['    worker(["worker: the submission, confined"])', '    reference(["worker: the reference"])']
    lines += [f"    {here} --> {there}" for here in TITLES for there in TITLES if there in edges.get(here, ())]
    lines += [
        "    grading -. runs .-> checks",
        "    sandbox -. calls and plain values .-> worker",
        "    sandbox -. calls and plain values .-> reference",
    ]
    return "\n".join([*lines, "```", ""])


TEXT = """\
# Architecture

One box imports another where an arrow leads to it. `python -m tests.architecture` draws this from the source.

{picture}
A submission is taken in as text: a clean copy of its modules and answers, nothing of it imported. The grading process
runs the checks under pytest; it holds the hidden inputs, the reference's truths and the points, and never a line of the
submission. What a check asks of the submission goes through the sandbox to a worker, a confined process that is forked
for this check and killed after it; only tensors and plain values come back. The reference answers in a worker of its
own. After each check the results are written anew, so whatever ends a run keeps what was earned.
"""


def main() -> None:
    PICTURE.write_text(TEXT.format(picture=drawn(imports())), encoding="utf-8")
    print(f"written: {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
