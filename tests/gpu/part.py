"""What one part of the run found, and how it is written down."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch


@dataclass
class Part:
    """Figures in words, by what they are of, and what is not as it has to be."""

    facts: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    machine: str = field(default_factory=lambda: machine())

    def text(self) -> str:
        """For a terminal."""
        lines = [f"{name}: {value}" for name, value in self.facts.items()]
        return "\n".join([*lines, *(f"WRONG: {one}" for one in self.wrong)])


def machine() -> str:
    """What the figures were measured on."""
    return f"one {torch.cuda.get_device_name(0)}, torch {torch.__version__}, Python {platform.python_version()}"


def markdown(parts: Mapping[str, Part]) -> str:
    """All parts as a page."""
    lines = ["# On a real GPU\n", "Written by `python -m tests.gpu`, which says what it looks at."]
    for name, part in parts.items():
        lines += [f"\n## {name.capitalize()}\n", f"On {part.machine}.\n", "| what | found |", "| --- | --- |"]
        lines += [f"| {what} | {found} |" for what, found in part.facts.items()]
        if part.wrong:
            lines += ["\nNot as it has to be:\n", *(f"- {one}" for one in part.wrong)]
    return "\n".join(lines) + "\n"
