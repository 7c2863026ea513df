"""Compile sources and parse TOML, one report a line. A script of its own: `parse.py` starts it and may lose it."""

import ast
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ADDRESS_SPACE = 1024**3
_DEEPEST_ANSWERS = 6
_MOST_TRICKS = 10
# What opens other processes, the machine's files or the inside of the interpreter; no homework has a use for it.
_MODULES = {"autograder", "ctypes", "_ctypes", "pytest", "_pytest", "signal", "socket", "subprocess", "support"}
_NAMES = {
    *("_getframe", "_current_frames", "f_back", "f_globals", "f_locals", "tb_frame", "currentframe", "getouterframes"),
    *("__globals__", "__code__", "__closure__", "__subclasses__", "get_objects", "get_referrers", "get_referents"),
    *("_exit", "_disable_sigchld", "fork", "forkpty", "killpg", "setsid"),
}
_OF_MODULES = {("sys", "modules"), ("inspect", "stack"), ("os", "kill"), ("os", "system")}
_PATHS = ("/proc/", "/autograder/")


def _limit(cpu_seconds: int) -> None:
    import resource

    # macOS refuses some of these; the time limit outside holds there. The hard limit on time lies higher, because
    # reaching it means SIGKILL, which is then the mark of what others did to this process.
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_AS, _ADDRESS_SPACE, _ADDRESS_SPACE),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def _compile(name: str, source: str) -> dict[str, Any]:
    try:
        # The angle brackets name no file that Python could open to show a line of it. Bytes, not text, so that a
        # coding line means the same here as when the module is imported.
        compile(source.encode(), f"<{name}>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return {"problem": error.msg, "number": error.lineno}
    except (RecursionError, MemoryError):
        return {"problem": "it is nested too deeply", "number": None}
    except (ValueError, OverflowError, LookupError) as error:
        return {"problem": str(error), "number": None}
    return {"problem": None, "number": None}


def _answers(text: str) -> dict[str, Any]:
    try:
        answers = tomllib.loads(text)
        if _depth(answers) > _DEEPEST_ANSWERS:
            return {"answers": {}, "problem": "it is nested too deeply"}
        json.dumps(answers, default=str)
    except (RecursionError, MemoryError):
        return {"answers": {}, "problem": "it is nested too deeply"}
    except (ValueError, OverflowError) as error:
        return {"answers": {}, "problem": str(error)}
    return {"answers": answers, "problem": None}


def _tricks(source: str) -> list[dict[str, Any]]:
    """The names in a module that are in the lists above, each with its first line."""
    found: dict[str, int] = {}
    # What cannot be read twice was read once: this is for a note, never a reason to refuse anything.
    with contextlib.suppress(SyntaxError, RecursionError, MemoryError, ValueError, OverflowError, LookupError):
        for node in ast.walk(ast.parse(source.encode())):
            for name in _named(node):
                number = getattr(node, "lineno", 0)
                found[name] = min(number, found.get(name, number))
    first = sorted(found, key=lambda name: (found[name], name))[:_MOST_TRICKS]
    return [{"name": name, "number": found[name]} for name in first]


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in _MODULES)
    elif isinstance(node, ast.ImportFrom):
        module = (node.module or "") if node.level == 0 else ""
        if module.partition(".")[0] in _MODULES:
            yield module
        for alias in node.names:
            if alias.name in _NAMES or (module, alias.name) in _OF_MODULES:
                yield f"{module}.{alias.name}"
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if node.attr in _NAMES or (owner, node.attr) in _OF_MODULES:
            yield f"{owner}.{node.attr}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value in _NAMES:
            yield node.value
        yield from (path for path in _PATHS if path in node.value)


def _depth(value: object) -> int:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + max(map(_depth, inner), default=0)


def main() -> None:
    """Read the job from standard input. The first line says that the process is up."""
    job = json.load(sys.stdin.buffer)
    _limit(job["cpu_seconds"])
    _report({})
    for name, source in job["sources"].items():
        _report(_compile(name, source))
    if job["answers"] is not None:
        _report(_answers(job["answers"]))
    for source in job["sources"].values():
        _report({"tricks": _tricks(source)})


def _report(line: dict[str, Any]) -> None:
    # A date or a time in the answers is no answer to anything, so its text will do.
    print(json.dumps(line, default=str), flush=True)


if __name__ == "__main__":
    main()
