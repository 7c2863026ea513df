"""What `diff` keeps between two runs of the reference and of common mistakes in it: the same answers, nobody else's,
and nothing that is damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.diff import causes, memory
from autograder.diff.common_mistakes import Cause, load_causes
from autograder.diff.differ import Differ, Side, reference_side
from autograder.diff.memory import DiskMemory
from autograder.diff.observe import Look, Seen
from autograder.diff.rows import Observed
from autograder.diff.stage import Place
from autograder.diff.tables import as_json
from autograder.paths import ROOT
from autograder.sandbox import privileges
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import Zygote
from tests.patches import Change, write_patched
from tests.test_commands import run
from tests.zoo.animals import load_mistakes

MISTAKES = {mistake.name: mistake.change for mistake in load_mistakes()}
LOOKS = """import os
    seen = []
    for call in (lambda: os.listdir(CACHE), lambda: open(FILE, "rb").read(), lambda: open(FILE, "r+b"),
                 lambda: open(CACHE + "/new", "wb"), lambda: os.rename(FILE, CACHE + "/other")):
        try:
            call()
            seen.append("reached")
        except OSError:
            seen.append("closed")
    raise ValueError(" ".join(seen))"""


@pytest.fixture(scope="module")
def observed(differ: Differ) -> Observed:
    return differ.expected


@pytest.fixture
def kept(observed: Observed, tmp_path: Path) -> DiskMemory:
    found = remembering(tmp_path)
    found.keep(observed)
    return found


def remembering(tmp_path: Path, *asked: str) -> DiskMemory:
    return DiskMemory(reference_side().code, asked, tmp_path / "kept")


def the_file(tmp_path: Path) -> Path:
    [found] = (tmp_path / "kept").iterdir()
    return found


@pytest.mark.parametrize("mistake", ["heads_in_reverse", "positions_on_the_cpu", None])
def test_a_submission_is_judged_alike_with_what_was_kept(
    zygote: Zygote, observed: Observed, kept: DiskMemory, tmp_path: Path, mistake: str | None
) -> None:
    code = write_patched([MISTAKES[mistake]] if mistake else [], tmp_path / "mine")
    mine = Side("mine", code, reference_side().answers)
    recalled = Differ(zygote, reference_side(), memory=kept)
    anew = Differ(zygote, reference_side())
    assert as_json(recalled.compare(mine)) == as_json(anew.compare(mine))


@pytest.mark.parametrize("mistake", ["scores_without_a_scale", "encode_skips_unknown_characters"])
def test_a_cause_that_was_tried_is_not_tried_again(
    zygote: Zygote, kept: DiskMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    mine = Side("mine", write_patched([MISTAKES[mistake]], tmp_path / "mine"), reference_side().answers)

    def said() -> list[Cause] | None:
        differ = Differ(zygote, reference_side(), memory=remembering(tmp_path))
        return causes.likely(differ, differ.compare(mine), load_causes())

    def not_again(differ: Differ, cause: Cause, stages: object) -> None:
        raise AssertionError(f"{cause.name} is tried again")

    first = said()
    assert first is not None
    assert mistake in [cause.name for cause in first]
    monkeypatch.setattr(causes, "_looks", not_again)
    assert said() == first


def test_of_a_cause_only_what_lasts_is_kept(kept: DiskMemory, tmp_path: Path) -> None:
    value, raised = Look(Seen({"a": 1.5})), Look(Seen(error=("KeyError", "'x'"), where="tokenizer.py, line 3"))
    full = Look(Seen(error=("MemoryError", ""), where="data.py, line 3"))
    late, died = (Look(Seen(error=(name, "no answer"))) for name in ("TimeoutError", "WorkerDied"))
    looks = {"value": value, "raised": raised, "doubled": Look(value.own, raised.own)}
    kept.keep_tried(
        ["old", "new"], {**looks, "full": full, "late": late, "died": died, "half": Look(value.own, late.own)}
    )
    assert remembering(tmp_path).recall_tried(["old", "new"]) == looks
    assert remembering(tmp_path).recall_tried(["oldn", "ew"]) == {}
    assert remembering(tmp_path, "cuda").recall_tried(["old", "new"]) == {}


def test_what_is_recalled_is_what_was_kept(observed: Observed, kept: DiskMemory) -> None:
    recalled = kept.recall(observed.answers)
    assert recalled is not None
    assert list(recalled.looks) == list(observed.looks)
    assert list(recalled.flow.steps) == list(observed.flow.steps)
    assert recalled.flow.sample.tolist() == observed.flow.sample.tolist()
    for name, look in observed.looks.items():
        again = recalled.looks[name]
        assert (repr(again.own), repr(again.doubled)) == (repr(look.own), repr(look.doubled))
        places = [type(value) is Place for value in look.own.values.values()]
        assert [type(value) is Place for value in again.own.values.values()] == places


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, 1000)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def open_to_others(path: Path) -> None:
    path.chmod(0o666)


def a_link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    "harm", [damaged, cut, emptied, open_to_others, a_link, a_pipe], ids=lambda harm: harm.__name__
)
def test_a_file_that_is_not_as_it_was_is_as_good_as_none(
    kept: DiskMemory, observed: Observed, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    harm(the_file(tmp_path))
    assert kept.recall({}) is None
    kept.keep(observed)
    assert kept.recall({}) is not None


def test_a_file_about_something_else_is_none(kept: DiskMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = remembering(tmp_path, "cuda")
    assert other.recall({}) is None
    shutil.copy(the_file(tmp_path), tmp_path / "kept" / other.file.name)
    assert other.recall({}) is None
    monkeypatch.setattr(memory.torch, "__version__", "0")
    assert remembering(tmp_path).recall({}) is None


def test_a_change_of_the_reference_or_of_what_asks_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = write_patched([], tmp_path / "reference")
    asking = tmp_path / "asking"
    asking.mkdir()
    monkeypatch.setattr(memory, "CODE", (asking,))
    files = [DiskMemory(code, (), tmp_path).file]
    for path in (code / "charlm" / "model.py", asking / "stages.py"):
        with path.open("a") as file:
            file.write("\n# another\n")
        files.append(DiskMemory(code, (), tmp_path).file)
    assert len(set(files)) == 3


def test_what_went_wrong_is_not_kept(observed: Observed, tmp_path: Path) -> None:
    late = Look(Seen(error=("TimeoutError", "no answer")))
    found = remembering(tmp_path)
    found.keep(Observed({**observed.looks, "loss": late}, observed.flow, {}))
    assert not (tmp_path / "kept").exists()
    assert found.recall({}) is None


def test_no_more_is_kept_than_a_few(observed: Observed, tmp_path: Path) -> None:
    """Of the reference; with it go the mistakes that were tried in it."""
    for number in range(memory.KEPT + 2):
        remembering(tmp_path, str(number)).keep(observed)
        remembering(tmp_path, str(number)).keep_tried(["a mistake"], observed.looks)
    left = [path.name.partition(".")[0] for path in (tmp_path / "kept").iterdir()]
    assert len(left) == 2 * len(set(left)) == 2 * memory.KEPT


def test_the_folder_is_closed_and_nobody_elses(observed: Observed, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    remembering(tmp_path).keep(observed)
    assert folder.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(folder)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    remembering(tmp_path).keep(observed)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.skipif(not privileges.keeps_to_its_own(Limits()), reason="nothing keeps a worker out here")
def test_the_command_keeps_it_where_student_code_cannot_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o711)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = run("diff", "reference")
    [file] = (tmp_path / "autograder-diff").iterdir()
    written = file.stat()
    again = run("diff", "reference")
    assert (first.returncode, again.returncode, again.stdout) == (0, 0, first.stdout)
    assert "No difference" in again.stdout
    looks = LOOKS.replace("CACHE", repr(str(file.parent))).replace("FILE", repr(str(file)))
    spy = Change("charlm/tokenizer.py", "return sorted(set(text))", looks)
    told = run("diff", str(write_patched([spy], tmp_path / "mine")))
    assert f"ValueError: {' '.join(['closed'] * 5)}" in told.stdout
    assert {path.name.partition(".")[0] for path in file.parent.iterdir()} == {file.stem}
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (written.st_mtime_ns, written.st_ino)
    assert str(ROOT) not in file.read_bytes().decode("latin-1")
