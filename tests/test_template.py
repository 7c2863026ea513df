"""The template is the reference with its solutions cut out, and nothing else."""

import ast
import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.paths import REFERENCE, TEMPLATE
from autograder.template import TemplateError, blank_answers, generate, stub

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STUBS = {
    "tokenizer": {"get_vocab": 1, "encode": 1, "decode": 1},
    "data": {"split": 2, "get_batch": 5},
    "attention": {
        "attention_scores": 7,
        "causal_mask": 8,
        "attention_probs": 9,
        "Head.forward": 6,
        "MultiHeadAttention.forward": 6,
    },
    "model": {
        "FeedForward.forward": 6,
        "Block.forward": 6,
        "TransformerLM.forward": 5,
        "TransformerLM.generate": 3,
    },
    "training": {"loss_fn": 5, "estimate_loss": 2, "train": 2},
}
WHOLE = ["__init__", "experiments"]
CHOICES = tomllib.loads((TEMPLATE / "tests/support/answer_choices.toml").read_text(encoding="utf-8"))


def source(folder: Path, module: str) -> str:
    return (folder / "charlm" / f"{module}.py").read_text(encoding="utf-8")


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{child.name}.")


def without_solutions(module: str, folder: Path) -> str:
    tree = ast.parse(source(folder, module))
    for name, function in functions(tree):
        if name in STUBS[module]:
            assert ast.get_docstring(function), f"{name} has no docstring to tell the student what to write"
            del function.body[1:]
    return ast.dump(tree)


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, Path]:
    """A reference and the template made from it, to break."""
    reference, template = tmp_path / "reference", tmp_path / "student_template"
    shutil.copytree(REFERENCE / "charlm", reference / "charlm", ignore=shutil.ignore_patterns("__pycache__"))
    (template / "tests/support").mkdir(parents=True)
    shutil.copy(TEMPLATE / "tests/support/answer_choices.toml", template / "tests/support")
    shutil.copy(REFERENCE / "notebook.py", reference)
    shutil.copy(TEMPLATE / "README.md", template)
    generate(check=False, reference=reference, template=template)
    return reference, template


def test_the_committed_template_has_not_drifted() -> None:
    assert generate(check=True) == [], "run `python -m autograder template` and commit the result"


@pytest.mark.parametrize("module", STUBS)
def test_every_stub_is_unsolved_and_names_its_problem(module: str) -> None:
    found = dict(functions(ast.parse(source(TEMPLATE, module))))
    for name, problem in STUBS[module].items():
        (statement,) = found[name].body[1:]
        assert ast.unparse(statement) == f"raise NotImplementedError('problem {problem}: {name}')"


def test_nothing_is_a_stub_that_is_not_listed_here() -> None:
    raising = {path.stem: path.read_text().count("raise NotImpl") for path in (TEMPLATE / "charlm").glob("*.py")}
    assert raising == {module: len(names) for module, names in STUBS.items()} | dict.fromkeys(WHOLE, 0)


@pytest.mark.parametrize("module", STUBS)
def test_signatures_docstrings_and_all_that_is_given_are_identical(module: str) -> None:
    assert without_solutions(module, TEMPLATE) == without_solutions(module, REFERENCE)


@pytest.mark.parametrize("module", WHOLE)
def test_given_modules_stay_whole(module: str) -> None:
    assert source(TEMPLATE, module) == source(REFERENCE, module)


def test_no_line_of_a_solution_is_in_the_template() -> None:
    handed_out = [*(TEMPLATE / "charlm").glob("*.py"), TEMPLATE / "README.md", *TEMPLATE.glob("answers.*")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in handed_out)
    assert "solution:" not in text
    for module in STUBS:
        regions = re.findall(r"# solution: .*\n((?:.*\n)*?) *# end solution", source(REFERENCE, module))
        assert len(regions) == len(STUBS[module])
        for line in "".join(regions).splitlines():
            code = line.split("  #")[0].strip()
            assert len(code) < 15 or code not in text, f"the template gives away: {code}"


@pytest.mark.parametrize("module", STUBS)
def test_the_template_imports(module: str) -> None:
    importlib.import_module(f"student_template.charlm.{module}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["x", "# end solution"], "f.py:2: a solution ends that never began"),
        (["x", "# solution: problem 1: f", "y"], "f.py:2: this solution never ends"),
        (
            ["# solution: problem 1: f", "# solution: problem 1: g", "# end solution"],
            "f.py:2: a solution begins inside the one of line 1",
        ),
        (
            ["    # solution: problem 1: f", "# end solution"],
            "f.py:2: indented differently from the marker in line 1",
        ),
        (["# solution: causal_mask", "# end solution"], "f.py:1: not a marker: '# solution: causal_mask'"),
        (["# solution: problem 1: f", "# End solution."], "f.py:2: not a marker: '# End solution.'"),
    ],
)
def test_a_marker_without_its_partner_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        stub("\n".join(lines), "f.py")
    assert str(caught.value) == message


def test_a_bad_marker_is_reported_with_its_path_in_the_project(project: tuple[Path, Path]) -> None:
    reference, template = project
    (reference / "charlm/data.py").write_text("# end solution\n")
    with pytest.raises(TemplateError, match=r"^reference/charlm/data\.py:1: "):
        generate(check=True, reference=reference, template=template)


def test_drift_is_reported_and_repaired(project: tuple[Path, Path]) -> None:
    reference, template = project
    (template / "charlm/model.py").write_text("changed")
    (template / "charlm/data.py").unlink()
    (template / "charlm/left_over.py").write_text("")
    (template / "answers.toml").write_text("")
    (template / "answers.md").unlink()
    (template / "README.md").write_text((template / "README.md").read_text().replace("holes", "gaps"))
    drifted = [
        "student_template/answers.md",
        "student_template/answers.toml",
        "student_template/charlm.ipynb",
        "student_template/charlm/data.py",
        "student_template/charlm/left_over.py",
        "student_template/charlm/model.py",
    ]
    assert generate(check=True, reference=reference, template=template) == drifted
    assert (template / "charlm/model.py").read_text() == "changed", "looking must not write"
    assert generate(check=False, reference=reference, template=template) == drifted
    assert generate(check=True, reference=reference, template=template) == []


def test_the_reference_answers_every_question_from_its_list() -> None:
    answers = tomllib.loads((REFERENCE / "answers.toml").read_text(encoding="utf-8"))
    blanks = tomllib.loads((TEMPLATE / "answers.toml").read_text(encoding="utf-8"))
    for problem, items in CHOICES.items():
        assert set(blanks[problem].values()) == {""}
        assert list(answers[problem]) == list(blanks[problem]) == list(items)
        for key, item in items.items():
            assert answers[problem][key] in item["choices"]
            assert len(set(item["choices"])) == len(item["choices"]) > 1
    assert answers.keys() == blanks.keys() == CHOICES.keys()


def test_a_question_stands_above_its_choices_and_a_blank() -> None:
    choices = {"problem_8": {"first": {"question": "\nWhich\none?", "choices": ["½", 'a "b"']}}}
    expected = '[problem_8]\n# Which\n# one?\n#   "½"\n#   "a \\"b\\""\nfirst = ""\n'
    assert blank_answers(choices).endswith("\n\n" + expected)
