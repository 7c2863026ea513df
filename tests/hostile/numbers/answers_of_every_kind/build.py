from pathlib import Path

from tests.hostile.building import reference

KINDS = (
    *("9" * 18, "-inf", "nan", "1e308", "true", "1979-05-27T07:32:00Z", "07:32:00", "[]", "[[[]]]", "{}"),
    *("""{ a = { b = { c = 1 } } }""", '''"\\u0000"''', '''"\\U0001F600"''', '''"B, T, V"''', """["B", 1, true]"""),
)


def attack(folder: Path) -> Path:
    submission = reference(folder)
    path = submission / "answers.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        name, equals, _ = line.partition(" = ")
        if equals and name.isidentifier():
            lines[number] = f"{name} = {KINDS[number % len(KINDS)]}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return submission


def twin(folder: Path) -> Path:
    submission = reference(folder)
    path = submission / "answers.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# ✓ 字 😀\n", encoding="utf-8")
    return submission
