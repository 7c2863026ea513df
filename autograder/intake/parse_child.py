"""Compile sources and parse TOML, one report a line. A script of its own: `parse.py` starts it and may lose it."""

import contextlib
import json
import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ADDRESS_SPACE = 1024**3
_DEEPEST_ANSWERS = 6


def _limit(cpu_seconds: int) -> None:
    import resource

    # macOS refuses some of these; the time limit outside holds there.
    for kind, value in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, _ADDRESS_SPACE),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


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


def _report(line: dict[str, Any]) -> None:
    # A date or a time in the answers is no answer to anything, so its text will do.
    print(json.dumps(line, default=str), flush=True)


if __name__ == "__main__":
    main()
