"""Trains models over many seeds, in the very way in which a submission is trained and measured."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from autograder.bands import KINDS, QUANTITIES, Values
from autograder.corpus import load_corpus, load_held_out
from autograder.grading.training import Trainings
from autograder.paths import REFERENCE
from autograder.training_setting import TrainingSetting
from support.local import LocalSubmission


@dataclass(frozen=True)
class Run:
    """One short training: of which kind (see `grading.training`), from which seed, with `charlm` in which folder."""

    kind: str
    seed: int
    code: Path = REFERENCE


def measure(setting: TrainingSetting, device: str, seeds: int, processes: int) -> Values:
    """Every quantity of each kind of the reference's training, over the seeds 0, 1, ... in order. Takes minutes."""
    found = train_all([Run(kind, seed) for seed in range(seeds) for kind in KINDS], setting, device, processes)
    return {
        kind: {quantity: [found[Run(kind, seed)][quantity] for seed in range(seeds)] for quantity in QUANTITIES}
        for kind in KINDS
    }


def train_all(
    runs: Sequence[Run], setting: TrainingSetting, device: str, processes: int
) -> dict[Run, dict[str, float]]:
    """The quantities of each run. Trusted code only: it is imported into processes of ours."""
    found: dict[Run, dict[str, float]] = {}
    workers = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_prepare)
    with workers as pool:
        jobs = {pool.submit(_train, run, setting, device): run for run in runs}
        for job in tqdm(as_completed(jobs), desc="short trainings", total=len(jobs), unit="run"):
            found[jobs[job]] = job.result()
    return found


def _prepare() -> None:
    torch.set_num_threads(1)


def _train(run: Run, setting: TrainingSetting, device: str) -> dict[str, float]:
    _take_charlm_from(run.code)
    trainings = Trainings(LocalSubmission(), setting, device, load_corpus(), load_held_out(), run.seed)
    return trainings.train(run.kind).quantities()


def _take_charlm_from(code: Path) -> None:
    """Let `import charlm` find the package in this folder, in a process that may have imported another."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "charlm"]:
        del sys.modules[name]
    sys.path[:] = [str(code), *(entry for entry in sys.path if not (Path(entry) / "charlm").is_dir())]
