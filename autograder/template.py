"""The student template, generated from the reference: solution regions become stubs, all else stays, and the handout's
text and reference/notebook.py become a notebook.

A solution region stands inside a function, after its docstring, between two comments of the same indentation:

    # solution: problem 8: causal_mask
    ...
    # end solution

In the template one line takes its place: `raise NotImplementedError("problem 8: causal_mask")`.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from autograder import written
from autograder.handout_notebook import NotebookError, notebook
from autograder.paths import REFERENCE, TEMPLATE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_START = re.compile(r"(?P<indent> *)# solution: (?P<label>problem \d+: [\w.]+)")
_END = re.compile(r"(?P<indent> *)# end solution")
_LOOKS_LIKE_A_MARKER = re.compile(r"\s*#\s*(end )?solution\b", re.IGNORECASE)

_ANSWERS_HEADER = """\
# Your written answers, the short part. Under each question stand the answers to choose from:
# copy one of them, exactly, between the quotes below. Choose one for every question, even when in doubt.
#
# Shapes are written with a space between the letters:
#   B  batch_size      T  tokens in each sequence      V  vocab_size
#   E  embed_size      H  head_size                    scalar  no dimension at all
"""


class TemplateError(Exception):
    """The template cannot be made of the reference; the message begins with the file, and the line of a marker."""


def generate(check: bool, reference: Path = REFERENCE, template: Path = TEMPLATE) -> list[str]:
    """Bring the template in line with the reference, or only look (`check`) and write nothing.

    Returns: the files that differ (missing, changed or too many), as `student_template/charlm/model.py`, sorted.
    Raises: TemplateError for markers that do not pair up, and for a notebook that names what is not there.
    """
    wanted = _wanted(reference, template)
    present = set((template / "charlm").glob("*.py"))
    drifted = {path for path, text in wanted.items() if not _holds(path, text)} | (present - wanted.keys())
    if not check:
        for path in drifted:
            _put(path, wanted.get(path))
    return sorted(path.relative_to(template.parent).as_posix() for path in drifted)


def stub(source: str, filename: str) -> str:
    """Return `source` with each solution region replaced by a stub; `filename` is for the message only.

    Raises: TemplateError naming file and line when a marker is misspelt, nested, or without its partner.
    """
    kept: list[str] = []
    opened: tuple[int, str] | None = None  # line number and indentation of the region that we are in
    for number, line in enumerate(source.splitlines(), start=1):
        where = f"{filename}:{number}"
        if start := _START.fullmatch(line):
            if opened is not None:
                raise TemplateError(f"{where}: a solution begins inside the one of line {opened[0]}")
            opened = number, start["indent"]
            kept.append(f'{start["indent"]}raise NotImplementedError("{start["label"]}")')
        elif end := _END.fullmatch(line):
            if opened is None:
                raise TemplateError(f"{where}: a solution ends that never began")
            if end["indent"] != opened[1]:
                raise TemplateError(f"{where}: indented differently from the marker in line {opened[0]}")
            opened = None
        elif _LOOKS_LIKE_A_MARKER.match(line):
            raise TemplateError(f"{where}: not a marker: {line.strip()!r}")
        elif opened is None:
            kept.append(line)
    if opened is not None:
        raise TemplateError(f"{filename}:{opened[0]}: this solution never ends")
    return "".join(line + "\n" for line in kept)


def blank_answers(choices: dict[str, Any]) -> str:
    """Return answers.toml with every answer blank, its question and its choices above it.

    choices: problem -> key -> {"question": str, "choices": list of str}, as in answer_choices.toml.
    """
    tables = [_ANSWERS_HEADER]
    for problem, items in choices.items():
        tables.append(f"[{problem}]\n" + "\n".join(_blank(key, **item) for key, item in items.items()))
    return "\n".join(tables)


def _wanted(reference: Path, template: Path) -> dict[Path, str]:
    """What the generated files of the template should hold."""
    wanted = {}
    for source in sorted((reference / "charlm").glob("*.py")):
        filename = source.relative_to(reference.parent).as_posix()
        wanted[template / "charlm" / source.name] = stub(source.read_text(encoding="utf-8"), filename)
    choices = template / "tests" / "support" / "answer_choices.toml"
    handout = (template / "README.md").read_text(encoding="utf-8")
    wanted[template / "answers.md"] = written.blank(written.questions(handout))
    wanted[template / "answers.toml"] = blank_answers(tomllib.loads(choices.read_text(encoding="utf-8")))
    script = reference / "notebook.py"
    try:
        text = notebook(script.read_text(encoding="utf-8"), handout)
    except NotebookError as error:
        raise TemplateError(f"{script.relative_to(reference.parent).as_posix()}: {error}") from None
    wanted[template / "charlm.ipynb"] = text
    return wanted


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _put(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def _blank(key: str, question: str, choices: list[str]) -> str:
    asked = [f"# {line}\n" for line in question.strip().splitlines()]
    offered = [f"#   {json.dumps(choice, ensure_ascii=False)}\n" for choice in choices]
    return "".join([*asked, *offered, f'{key} = ""\n'])
