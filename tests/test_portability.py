"""The handout where systems differ: without the modules that only POSIX has, and with no default encoding to rely on.

A stand-in for Windows, on which these tests do not run. Most of `signal` is missing there, so it counts as one of them.
"""

from __future__ import annotations

from pathlib import Path

from tests.test_public_checks import finished, handout, lines, run_pytest

__all__ = ["handout"]  # a fixture

# Loaded by pytest before anything of the handout. Looks who imports, because libraries know what is where.
PLUGIN = """
import builtins, os

ONLY_ON_POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "signal", "syslog", "termios", "tty"}
HERE = os.path.dirname(os.path.abspath(__file__))
real = builtins.__import__

def guarded(name, importer=None, *rest):
    file = (importer or {}).get("__file__") or ""
    if name.partition(".")[0] in ONLY_ON_POSIX and file.startswith(HERE):
        raise ImportError(f"{name} is there on POSIX only")
    return real(name, importer, *rest)

builtins.__import__ = guarded
"""
OWN_MODULES = "(charlm|support|conftest|test_)"


def run_elsewhere(folder: Path, chosen: str) -> tuple[int, str]:
    (folder / "elsewhere.py").write_text(PLUGIN, encoding="utf-8")
    strict = f"filterwarnings=error::EncodingWarning:{OWN_MODULES}"
    arguments = ("--disable-plugin-autoload", "-p", "elsewhere", "-o", strict, "-k", chosen)
    return run_pytest(folder, *arguments, interpreter=("-X", "warn_default_encoding"))


def test_checks_run_on_systems_without_posix(handout: Path) -> None:
    code, printed = run_elsewhere(finished(handout), "problem_1 or problem_4 or answered")
    assert code == 0, printed
    assert {"1.1", "1.9", "4.1", "8.30"} <= set(lines(printed, "ok"))


def test_a_module_of_posix_and_a_default_encoding_are_noticed(handout: Path) -> None:
    """So that the test above can fail."""
    for name, line in {"tokenizer": "open(__file__).close()\n", "attention": "import resource\n"}.items():
        module = finished(handout) / "charlm" / f"{name}.py"
        module.write_text(line + module.read_text(encoding="utf-8"), encoding="utf-8")
        code, printed = run_elsewhere(handout, "vocabulary_is_sorted or problem_7")
        assert code == 1
        assert ("EncodingWarning" if name == "tokenizer" else "resource is there on POSIX only") in printed
