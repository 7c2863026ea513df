"""Trains the reference over many seeds, in the very way in which a submission is trained and measured."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch
from tqdm import tqdm

from autograder.bands import KINDS, QUANTITIES, Values
from autograder.corpus import load_corpus, load_held_out
from autograder.grading.training import Trainings
from autograder.paths import REFERENCE
from autograder.training_setting import TrainingSetting
from support.local import LocalSubmission


def measure(setting: TrainingSetting, device: str, seeds: int, processes: int) -> Values:
    """Every quantity of each kind of training over the seeds 0, 1, ..., in this order. Takes minutes."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    workers = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_prepare)
    with workers as pool:
        jobs = {pool.submit(_one, setting, device, kind, seed): (kind, seed) for seed in range(seeds) for kind in KINDS}
        for job in tqdm(as_completed(jobs), desc="short trainings", total=len(jobs), unit="run"):
            found[jobs[job]] = job.result()
    return {
        kind: {quantity: [found[kind, seed][quantity] for seed in range(seeds)] for quantity in QUANTITIES}
        for kind in KINDS
    }


def _prepare() -> None:
    """In a process of its own: one thread each, and the reference as `charlm`."""
    torch.set_num_threads(1)
    sys.path.insert(0, str(REFERENCE))


def _one(setting: TrainingSetting, device: str, kind: str, seed: int) -> dict[str, float]:
    trainings = Trainings(LocalSubmission(), setting, device, load_corpus(), load_held_out(), seed)
    return trainings.train(kind).quantities()
