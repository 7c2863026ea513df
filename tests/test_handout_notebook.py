"""The handout's notebook: made of the handout's own text, valid, and executed with finished modules."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from autograder.handout_notebook import NotebookError, notebook
from autograder.intake import take_in
from autograder.paths import TEMPLATE
from tests.test_public_checks import finished, handout

__all__ = ["handout"]  # a fixture
TEXT = (TEMPLATE / "charlm.ipynb").read_text(encoding="utf-8")
README = (TEMPLATE / "README.md").read_text(encoding="utf-8")
CODE = [cell.source for cell in nbformat.reads(TEXT, 4).cells if cell.cell_type == "code"]


def test_it_is_written_as_notebooks_are() -> None:
    read = nbformat.reads(TEXT, as_version=nbformat.NO_CONVERT)
    nbformat.validate(read)
    assert nbformat.writes(read) + "\n" == TEXT


def test_all_ten_problems_stand_in_it_in_the_readmes_words() -> None:
    texts = [cell.source for cell in nbformat.reads(TEXT, 4).cells if cell.cell_type == "markdown"]
    found = [text for text in texts if re.match(r"### \d+ · ", text)]
    assert [int(text.split()[1]) for text in found] == list(range(1, 11))
    assert all(text in README for text in found)


@pytest.mark.parametrize("source", CODE)
def test_cells_are_those_of_the_oldest_python(source: str) -> None:
    ast.parse(TransformerManager().transform_cell(source), feature_version=(3, 10))


SMALLER = {
    "STEPS = 300": "STEPS = 4",
    "from charlm import experiments": "from charlm import experiments\n\n"
    "experiments.EVAL_BATCHES = experiments.NUM_BLOCKS = 1; experiments.SAMPLE_SIZE = 30",
    "-m pytest": "-m pytest -k problem_7",
}


def execute(folder: Path) -> list[Any]:
    """The outputs of the notebook's code cells after it has run in the folder, with smaller trainings."""
    made = nbformat.reads(TEXT, 4)
    for old, new in SMALLER.items():
        assert sum(old in cell.source for cell in made.cells) == 1
        for cell in made.cells:
            cell.source = cell.source.replace(old, new)
    NotebookClient(made, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in made.cells if cell.cell_type == "code" for output in cell.outputs]


def test_it_runs_with_finished_modules(handout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    outputs = execute(finished(handout))
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "66 characters: " in printed
    assert "problem  7  scores  #################### " in printed
    assert re.search(r"logits +\[4, 8, 66\]", printed)
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(set(pictures)) == 2
    for name in ("softmax_dim_-1", "softmax_dim_1"):
        written = json.loads((handout / "runs" / f"{name}.json").read_text(encoding="utf-8"))["sample"]
        assert f"{name}\n\n{written}\n" in printed
    assert take_in(handout / "submission.zip", tmp_path / "copy").problems == []


def test_a_section_that_is_not_there_is_named() -> None:
    with pytest.raises(NotebookError, match="not there: '11'"):
        notebook("# %% readme: 11\n", README)
    with pytest.raises(NotebookError, match="no known kind: 'text'"):
        notebook("# %% text\n", README)
