"""Made tables whose truth is known: pure noise, clear signal that is easy, overlapping, or hungry for positives."""

from dataclasses import dataclass

import numpy as np

NOISE_FEATURES = ("normal", "heavy", "levels", "gaps")
SHAPES = {"easy": (8, 8, 4.0), "overlap": (4, 2, 1.6), "hungry": (100, 100, 1.8)}  # features, used, distance apart


@dataclass(frozen=True)
class Made:
    """A table: X (rows, features) with NaN for missing, y (rows,)."""

    X: np.ndarray
    y: np.ndarray


def noise(positives: int, rows: int, seed: int) -> Made:
    """Features of four sorts that have nothing to do with the class: normal, heavy-tailed, levels, with gaps."""
    rng = np.random.default_rng([1, seed])
    X = rng.normal(size=(rows, 10))
    sort = NOISE_FEATURES[seed % len(NOISE_FEATURES)]
    if sort == "heavy":
        X = rng.standard_cauchy(size=X.shape)
    elif sort == "levels":
        X[:, :6] = rng.random((rows, 6)) < rng.uniform(0.02, 0.5, 6)
    elif sort == "gaps":
        X[rng.random(X.shape) < 0.2] = np.nan
    y = np.zeros(rows, int)
    y[rng.choice(rows, positives, replace=False)] = 1
    return Made(X, y)


def signal(kind: str, positives: int, negatives: int, seed: int, *, draw: int = 0) -> Made:
    """Draw a table of a kind; another `draw` of the same seed is another sample of the same population.

    The classes are normal and some standard deviations apart, along a slanted direction. easy: 4, among 8 features.
    overlap: 1.6, along 2 features of 4, so that few positives teach all there is. hungry: 1.8, spread thinly over 100
    features, so that many positives are needed to learn the direction.
    """
    features, used, apart = SHAPES[kind]
    way = np.zeros(features)
    way[:used] = np.random.default_rng([2, seed]).normal(size=used)
    rng = np.random.default_rng([3, seed, draw])
    y = np.repeat([0, 1], [negatives, positives])
    X = rng.normal(size=(len(y), features)) + np.outer(y, apart * way / np.linalg.norm(way))
    order = rng.permutation(len(y))
    return Made(X[order], y[order])
