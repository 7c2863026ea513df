from pathlib import Path

from tests.hostile.building import reference

MARKUP = "</code><script>alert(1)</script> ``` # 100 points [click](javascript:alert(1)) | <img src=x onerror=alert(1)>"
RIGHT = 'dim_1 = "the query i"'


def attack(folder: Path) -> Path:
    original = reference(folder)
    answers = original / "answers.toml"
    text = answers.read_text(encoding="utf-8")
    assert text.count(RIGHT) == 1
    more = "".join(f'[problem_{number}]\n"{MARKUP}" = "{MARKUP}"\n' for number in range(11, 700))
    long = f'[endless]\ntext = "{"<b>" * 10_000}"\n'
    answers.write_text(text.replace(RIGHT, f"dim_1 = '{MARKUP}'") + "\n" + more + long, encoding="utf-8")
    (original / "charlm" / "<script>alert(1)<").mkdir()
    (original / "charlm" / "<img src=x onerror=alert(1)>`# a`.py").touch()
    return original
