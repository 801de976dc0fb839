"""The permutation test for signal: one small network, fixed beforehand, on the labels and on shuffles of them."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sweep.data.folds import fold_of_row
from sweep.search.setup import TrialSetup
from sweep.stack.design import label_shuffles
from sweep.stack.recipe import Recipe
from sweep.statistics.bootstrap import average_precision_interval, average_precisions
from sweep.validation import NEVER, count_folds, fewer_folds

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers

LEVEL = 0.01
SHUFFLES = (99, 399)  # in all; on to the second only where the first leave it undecided
FOLDS = 3
STEPS = 100  # of training, about
NETWORK = Recipe(depth=2, width=32, batch_size=256, learning_rate=9e-3, weight_decay=0.05, dropout=0.15)
MOST = 0.9
COMMON = 5  # row groups of one size in a fold, from which on they exchange labels among themselves
ENTRIES = 20_000_000  # of W in one design


@dataclass(frozen=True)
class Shuffles:
    """Average precision on shuffled labels: its median and its 99 % point."""

    median: float
    high: float


@dataclass(frozen=True)
class FixedNetwork:
    """The network of the test, fixed before any label is seen."""

    depth: int
    width: int
    epochs: int
    folds: int


@dataclass(frozen=True)
class PermutationTest:
    """Whether features and labels have anything to do with each other.

    Attributes
    ----------
    p, level : float
        There is signal where p is no larger than the level.
    shuffles, as_good : int
        How many were made, and how many were at least as good as the labels.
    average_precision, low, high : float
        Out-of-fold, pooled, with its 95 % interval.
    by_fold : float
        The mean of the folds' own average precisions.
    shuffled : Shuffles
    network : FixedNetwork
    seconds : float
    says : str
        The sentence of the verdict.
    """

    p: float
    level: float
    shuffles: int
    as_good: int
    average_precision: float
    low: float
    high: float
    by_fold: float
    shuffled: Shuffles
    network: FixedNetwork
    seconds: float
    says: str = ""

    @property
    def found(self) -> bool:
        """Check whether there is signal."""
        return self.p <= self.level

    @property
    def at_floor(self) -> bool:
        """Check whether no shuffle was as good, so that p is the smallest that so many shuffles can give."""
        return not self.as_good


def measure_signal(X: np.ndarray, setup: TrialSetup, *, workers: "Workers") -> PermutationTest:
    """Test whether features and labels have anything to do with each other.

    The network is cross-validated on y and on shuffles of y; with b of n shuffles at least as good by pooled
    out-of-fold average precision, ``p = (b + 1) / (n + 1)``. 99 shuffles come first. None as good is p = .01: signal.
    More than 3 as good could not pass with 399 either: none is found. Between them 300 more are made. The two looks
    together let .0132 of tables without signal pass, not .01.

    It is valid because nothing was chosen on y: under the null, y and its shuffles are alike to the network.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
        Of which neither repeats nor epochs are used, and its folds only where they were not drawn: neighbouring ones
        are joined until there are `FOLDS`. Where it has a sample of the negatives, the test is one of
        its rows alone, shuffles and scores too: as valid, for which negatives are drawn has nothing to do with the
        features. Average precision is then that of the whole table, by the weights of the negatives.
    workers : Workers

    References
    ----------
    Ojala and Garriga, Permutation tests for studying classifier performance, JMLR 11, 2010.
    """
    started = time.perf_counter()
    most_folds = min(FOLDS, setup.scored.folds)  # the search's folds are known to be possible
    y, groups, folds, up = setup.y, setup.groups, fewer_folds(setup.fold_of_row, most_folds), 1.0
    if setup.sample is not None:
        up = np.sum(y == 0) / np.sum(y[setup.sample] == 0)
        X, y, groups, folds = (part[setup.sample] for part in (X, y, groups, folds))
    if setup.drawn:
        folds = fold_of_row(y, groups, most_folds, setup.seed)
    scored = folds != NEVER
    recipe = replace(NETWORK, epochs=epochs(len(y)))
    rng = np.random.default_rng([setup.seed, 5])
    labels = np.concatenate([y[:, None], shuffled(y, groups, folds, SHUFFLES[0], rng)], axis=1)
    logits = held_out(X, labels, folds, recipe, seed=setup.seed, workers=workers)
    observed = logits[:, 0]
    own, *drawn = average_precision_of_each(labels[scored], logits, up)
    as_good = int(np.sum(np.array(drawn) >= own))
    if undecided(as_good):
        labels = shuffled(y, groups, folds, SHUFFLES[1] - SHUFFLES[0], rng)
        drawn += average_precision_of_each(
            labels[scored], held_out(X, labels, folds, recipe, seed=setup.seed, workers=workers), up
        )
        as_good = int(np.sum(np.array(drawn) >= own))
    y, groups, folds = y[scored], groups[scored], folds[scored]
    parts = [_average_precision(y[folds == k], observed[folds == k], up) for k in range(most_folds)]
    low, high = average_precision_interval(y, groups, observed, seed=setup.seed, weights=np.where(y == 1, 1.0, up))
    return PermutationTest(
        p=(as_good + 1) / (len(drawn) + 1),
        level=LEVEL,
        shuffles=len(drawn),
        as_good=as_good,
        average_precision=own,
        low=low,
        high=high,
        by_fold=float(np.mean(parts)),
        shuffled=Shuffles(float(np.median(drawn)), float(np.quantile(drawn, 0.99))),
        network=FixedNetwork(recipe.depth, recipe.width, recipe.epochs, most_folds),
        seconds=time.perf_counter() - started,
    )


def epochs(rows: int) -> int:
    """Choose the epochs by the number of rows: about `STEPS` steps, one epoch at least and 150 at most."""
    return min(150, max(1, round(STEPS * NETWORK.batch_size / rows)))


def undecided(as_good: int) -> bool:
    """Check whether 399 shuffles could say other than the 99 among which so many were as good.

    Examples
    --------
    >>> [undecided(b) for b in (0, 1, 3, 4)]
    [False, True, True, False]
    """
    return 0 < as_good <= LEVEL * (SHUFFLES[-1] + 1) - 1


def shuffled(
    y: np.ndarray, units: np.ndarray, folds: np.ndarray, shuffles: int, rng: np.random.Generator
) -> np.ndarray:
    """Shuffle labels within folds, over row groups.

    Row groups exchange their labels, as they are, with groups of their own size. Groups of a size that fewer than
    `COMMON` in the fold have are laid end to end and take the labels of a shuffle of all such groups. So every fold
    keeps its positives, and copies of a row mostly keep labels that agree.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    units, folds : (rows,) of int
        Of a group that lies in several folds, the rows of one fold stay together.
    shuffles : int
    rng : Generator

    Returns
    -------
    (rows, shuffles) of 0 and 1
    """
    labels = np.repeat(y[:, None], shuffles, axis=1)
    spread = int(folds.max()) + 2
    apart = np.unique(units, return_inverse=True)[1] * spread + folds
    _, group_of, size = np.unique(apart, return_inverse=True, return_counts=True)
    for fold in np.unique(folds):
        groups = np.unique(group_of[folds == fold])
        sizes, number = np.unique(size[groups], return_counts=True)
        common = sizes[number >= COMMON]
        for members in (*(groups[size[groups] == s] for s in common), groups[~np.isin(size[groups], common)]):
            rows = np.flatnonzero(np.isin(group_of, members))
            rows = rows[np.argsort(group_of[rows], kind="stable")]  # group after group
            runs = np.split(rows, np.cumsum(size[members])[:-1]) if len(members) else []
            alike = np.array(runs) if len(np.unique(size[members])) == 1 else None  # (groups, size)
            for s in range(shuffles if runs else 0):
                order = rng.permutation(len(members))
                taken = alike[order].ravel() if alike is not None else np.concatenate([runs[g] for g in order])
                labels[rows, s] = y[taken]
    return labels


def average_precision_of_each(labels: np.ndarray, logits: np.ndarray, up: float = 1.0) -> list[float]:
    """Compute the average precision of each column of labels, where each negative counts as `up`."""
    return [_average_precision(y, z, up) for y, z in zip(labels.T, logits.T, strict=True)]


def _average_precision(y: np.ndarray, logits: np.ndarray, up: float) -> float:
    """Average precision where each negative counts as so many."""
    return float(average_precisions(y, logits, np.where(y == 1, 1.0, up)[None])[0])


def held_out(
    X: np.ndarray, labels: np.ndarray, folds: np.ndarray, recipe: Recipe, *, seed: int, workers: "Workers"
) -> np.ndarray:
    """Give out-of-fold logits of each column of labels, (scored rows, labels); wide tables in parts."""
    at_once = max(1, ENTRIES // (len(labels) * count_folds(folds)))
    parts = []
    for start in range(0, labels.shape[1], at_once):
        design = label_shuffles(labels[:, start : start + at_once], folds, most=MOST, seed=seed)
        stack = workers.fit(X, design, recipe, seed=seed)
        parts.append(design.out_of_fold(stack.logits(X, design.held_out))[:, :, 0])
    return np.concatenate(parts, axis=1)
