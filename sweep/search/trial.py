"""One trial, a pure function: settings and the table in, scores and out-of-fold logits out. It touches no storage."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sweep.balance.criteria import score
from sweep.balance.metrics import Counts
from sweep.stack.network import Stack
from sweep.stack.recipe import Recipe
from sweep.stack.training import fit
from sweep.stack.weights import Design, cross_validation

REPORTS = (0.25, 0.5)  # shares of the epochs at which a trial's score is held against those before it


@dataclass(frozen=True)
class Task:
    """What is the same for every trial.

    Attributes
    ----------
    X : array, shape (rows, features)
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
    units : array of int, shape (rows,)
        Row groups, which are resampled together.
    repeats, epochs, batch_size, seed : int
    equal : str
        The criterion that the score serves.
    """

    X: np.ndarray
    y: np.ndarray
    fold_of_row: np.ndarray
    units: np.ndarray
    repeats: int
    epochs: int
    batch_size: int
    equal: str
    seed: int

    def recipe(self, params: "Params") -> Recipe:
        """How a network of these parameters is trained."""
        return Recipe(depth=params.depth, width=params.width, epochs=self.epochs, batch_size=self.batch_size)

    def score(self, logits: np.ndarray) -> float:
        """Score out-of-fold logits, (rows, repeats), at the cut 0 of their mean."""
        return float(score(self.counts(logits), self.equal))

    def counts(self, logits: np.ndarray) -> Counts:
        """Count the decisions of out-of-fold logits, (rows, repeats), at the cut 0 of their mean."""
        return Counts.of(self.y, logits.mean(axis=1) > 0)


@dataclass(frozen=True)
class Params:
    """What a trial tries: the cap on the class weights, and the network."""

    most: float
    depth: int
    width: int

    @property
    def size(self) -> int:
        """The weights between its hidden layers, or its units where there is one layer: what "smaller" compares."""
        return self.width + (self.depth - 1) * self.width**2


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes
    ----------
    logits : array of float32, shape (rows, repeats)
        Out-of-fold.
    reports : tuple of (epoch, score)
    epochs : int
        How many were trained.
    pruned : bool
        Whether it was stopped before its last epoch.
    seconds : float
    """

    logits: np.ndarray
    reports: tuple[tuple[int, float], ...]
    epochs: int
    pruned: bool
    seconds: float


def evaluate(task: Task, params: Params, floors: Mapping[int, float]) -> Outcome:
    """Train folds x repeats of one network at one balance as one stack, and score it out-of-fold.

    Parameters
    ----------
    task : Task
    params : Params
    floors : mapping from epoch to score
        A trial that has reached an epoch with a score below its floor ends there.
    """
    started = time.perf_counter()
    design = cross_validation(task.y, task.fold_of_row, most=[params.most], repeats=task.repeats, seed=task.seed)
    report_at = {max(1, round(share * task.epochs)) for share in REPORTS} - {task.epochs}
    reports: list[tuple[int, float]] = []
    held_out: list[np.ndarray] = []

    def watch(epoch: int, snapshot: Callable[[], Stack]) -> bool:
        if epoch not in report_at:
            return False
        held_out[:] = [_out_of_fold(design, snapshot(), task.X)]
        reports.append((epoch, task.score(held_out[0])))
        return reports[-1][1] < floors.get(epoch, -np.inf)

    stack = fit(
        task.X, design.Y, design.W, task.recipe(params), seed=task.seed, init_seed=design.init_seed, watch=watch
    )
    pruned = bool(reports) and reports[-1][1] < floors.get(reports[-1][0], -np.inf)
    logits = held_out[0] if pruned else _out_of_fold(design, stack, task.X)
    epochs = reports[-1][0] if pruned else task.epochs
    return Outcome(logits, tuple(reports), epochs, pruned, time.perf_counter() - started)


def _out_of_fold(design: Design, stack: Stack, X: np.ndarray) -> np.ndarray:
    return design.out_of_fold(stack.logits(X))[:, 0]
