"""The pace of this machine: how long training and scoring take, by columns, network, rows and epochs.

A step of some columns takes a fixed time, one for its products and one for its passes over the units: their proportions
were measured once (studies/benchmarks/speed). How fast this machine is now, a few steps tell.
"""

import os
import time
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sweep.search.setup import TrialSetup
from sweep.stack.recipe import Recipe
from sweep.stack.training import BLOCK_COLUMNS, fit
from sweep.study.params import Params

STEP, PRODUCT, UNIT = 300e-6, 14e-12, 2e-9  # seconds: a step; a multiplication or addition; a hidden unit of a row
TREE, INPUT = 1e-3, 15e-9  # seconds: a boosted tree; an input of a row that it looks at
ENTER = 30e-9  # seconds: an input of a row that is scored, centred and scaled
TREE_SCORED = 25e-9  # seconds: a boosted tree of a row that is scored
ROWS = 1024  # trained on, at most
EPOCHS = 4  # of them


@dataclass(frozen=True)
class Pace:
    """How fast a machine trains.

    Attributes
    ----------
    factor : float
        Seconds it takes for what should take one.
    inputs : int
        Of the networks.
    cores : int
        That train at a time, over all workers.
    """

    factor: float
    inputs: int
    cores: int

    def seconds(self, columns: float, recipe: Recipe, rows: int) -> float:
        """Estimate how long the training of so many columns on so many rows takes."""
        return self.factor * work(columns, recipe, rows, self.inputs) / min(self.cores, max(1.0, columns))

    def seconds_to_score(self, recipe: Recipe, rows: int) -> float:
        """Estimate how long it takes to score so many rows, each by one network."""
        return self.factor * scoring(recipe, rows, self.inputs) / self.cores


def scoring(recipe: Recipe, rows: int, inputs: int) -> float:
    """Compute the processor seconds in which one network per row scores rows, on that machine.

    Examples
    --------
    >>> small, large = (scoring(Recipe(depth, width), 1_000_000, 40) for depth, width in ((0, 1), (3, 256)))
    >>> 1 < small < 2, 5 < large < 9
    (True, True)
    """
    products = 2 * sum(a * b for a, b in pairwise([inputs, *[recipe.width] * recipe.depth, 1]))
    units = PRODUCT * products + UNIT * recipe.width * recipe.depth
    return rows * (ENTER * inputs + units + TREE_SCORED * recipe.trees)


def work(columns: float, recipe: Recipe, rows: int, inputs: int) -> float:
    """Compute the processor seconds of a training on the machine on which the proportions were measured.

    Examples
    --------
    >>> small, large = (work(10, Recipe(depth, width, epochs=20), 5000, 30) for depth, width in ((1, 32), (3, 256)))
    >>> 5 < large / small < 20
    True
    """
    if recipe.trees:
        return columns * recipe.trees * (TREE + INPUT * rows * inputs)
    blocks = max(2, 2 * -(-columns // (2 * BLOCK_COLUMNS)))
    batch = min(rows, recipe.batch_size)
    entries = batch * columns / blocks
    sizes = [inputs, *[recipe.width] * recipe.depth, 1]
    products = 6 * sum(a * b for a, b in pairwise(sizes))
    step = STEP + entries * (PRODUCT * products + UNIT * recipe.width * recipe.depth)
    return recipe.epochs * max(1, rows // batch) * blocks * step


def measure_pace(X: np.ndarray, setup: TrialSetup, params: Params, *, workers: int) -> Pace:
    """Train a network for a few epochs of few rows, once a first fit has compiled, and hold the time against `work`.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    params : Params
        The network.
    workers : int
    """
    design = setup.cross_validation([params.most])
    at = np.arange(len(X)) if design.rows is None else design.rows
    some = np.sort(np.random.default_rng(setup.seed).permutation(len(at))[:ROWS])
    here, recipe, took = X[at[some]], setup.recipe_of(params), []
    W = np.where(design.W[some].any(axis=0), design.W[some], 1)  # few rows may leave a column without a weight
    for epochs in (1, 1, 1 + EPOCHS):
        started = time.perf_counter()
        shorter = replace(recipe, epochs=epochs)
        fit(here, design.Y[some], W, shorter, seed=setup.seed, init_seed=design.init_seed)
        took.append(time.perf_counter() - started)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    alone = Pace(1.0, X.shape[1], cores)
    should = alone.seconds(design.columns, replace(recipe, epochs=EPOCHS), len(some))
    factor = max(1e-3, took[2] - took[1]) / should
    return replace(alone, factor=factor, cores=max(cores, workers))
