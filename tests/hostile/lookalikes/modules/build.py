from pathlib import Path

from tests.hostile.building import BROKEN_SPLIT, reference, zipped

LIE = """
import builtins, os, sys
print("loaded", __name__, flush=True)
os._exit(0)
"""
NAMES = (
    "torch",
    "numpy",
    "safetensors",
    "support",
    "autograder",
    "pytest",
    "json",
    "os",
    "abc",
    "encodings",
    "site",
    "re",
)


def attack(folder: Path) -> Path:
    original = reference(folder, BROKEN_SPLIT)
    for name in NAMES:
        for place in (original, original / "charlm"):
            (place / f"{name}.py").write_text(LIE)
            (place / name).mkdir()
            (place / name / "__init__.py").write_text(LIE)
    return zipped(original)


def twin(folder: Path) -> Path:
    original = reference(folder)
    for name in ("torch_notes", "numpy_example", "tokenizer_old"):
        (original / f"{name}.py").write_text('raise RuntimeError("only to try things out")')
    for name in ("Übung 1.py", "naïve (copy).py", "\N{SNOWMAN}.txt", "notes <final> & `more`.md"):
        (original / "charlm" / name).touch()
    answers = original / "answers.toml"
    note = "# I compared `scores.softmax(dim=1)` with <https://pytorch.org>, see [problem 9](notes.md)\n\n"
    answers.write_text(note + answers.read_text(encoding="utf-8"), encoding="utf-8")
    return original.rename(original.with_name("Übung von Zoë"))
