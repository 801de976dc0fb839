"""How long a run will take, from a few steps of training on this machine."""

import time
from dataclasses import replace

import numpy as np

from sweep.parallel.workers import Workers
from sweep.search.curve import EXPECTED
from sweep.search.selection import CANDIDATES, PICKS
from sweep.search.setup import TrialSetup
from sweep.stack.training import fit
from sweep.study.params import Params
from sweep.study.space import Space

ROWS = 1024  # trained on, at most
TIMED = 3  # epochs of them
KEPT = 0.55  # share of the epochs that pruning leaves, about
AROUND = 0.5  # seconds a trial beside its training: its picture, its artifacts, the storage


def estimate(X: np.ndarray, setup: TrialSetup, space: Space, *, trials: int, workers: Workers) -> dict[str, float]:
    """Estimate the seconds of search, curve and final networks.

    Trains a network from the middle of the space for a few epochs of few rows; what one more epoch takes counts, once a
    first fit has compiled. All trials and the winner are taken to be like it.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    space : Space
    trials : int
        Still to come.
    workers : Workers
    """
    widths = space.widths
    middle = Params(space.most[0], round(np.mean(space.depth)), widths[len(widths) // 2])
    a_trial = _seconds(X, setup, middle)
    in_columns = a_trial / (setup.repeats * (setup.fold_of_row.max() + 1))
    return {
        "search": trials * (a_trial * KEPT + AROUND) / workers.count,
        "curve": (CANDIDATES + 1 + EXPECTED + len(PICKS)) * a_trial / workers.count,
        "final": len(PICKS) * setup.repeats * in_columns / workers.count,
    }


def _seconds(X: np.ndarray, setup: TrialSetup, params: Params) -> float:
    """Of one trial, to its last epoch."""
    design = setup.cross_validation([params.most])
    X = design.trained(X)
    some = np.random.default_rng(setup.seed).permutation(len(X))[:ROWS]
    W = np.where(design.W[some].any(axis=0), design.W[some], 1)  # few rows may leave a column without a weight
    took = []
    for epochs in (1, 1, 1 + TIMED):
        started = time.perf_counter()
        recipe = replace(setup.recipe(params), epochs=epochs)
        fit(X[some], design.Y[some], W, recipe, seed=setup.seed, init_seed=design.init_seed)
        took.append(time.perf_counter() - started)
    an_epoch = max(0.0, took[2] - took[1]) / TIMED
    return took[1] + an_epoch * setup.epochs * setup.trained / len(some)
