"""Negatives sampled: which rows networks train on, so that their cost follows the positives.

What there is to learn of a rare class is bounded by its positives: with r negatives a positive the variance is about
1 + 1 / r of that with all (Breslow and Day 1980; Fithian and Hastie 2014). All positives are trained on; of the
negatives a share q, each weighed 1 / q.
"""

import numpy as np
from numpy.typing import NDArray

PIECE = 65_536  # rows hashed at a time
GOLDEN = 0x9E3779B97F4A7C15  # of the mixing function SplitMix64 (Steele, Lea and Flood 2014), as the next two
MIX1, MIX2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def sample_rows(X: np.ndarray, y: np.ndarray, negatives: float | None, *, seed: int) -> NDArray[np.bool_] | None:
    """Draw the rows to train on: all positives, and so many negatives for each, on average.

    A row's own features and `seed` decide whether it is in, no other row's label; copies of a row are drawn one by one,
    so that a table of few different rows keeps some of each.

    Parameters
    ----------
    X : array, shape (rows, features)
    y : array of 0 and 1, shape (rows,)
    negatives : float or None
        Per positive; None: all.
    seed : int

    Returns
    -------
    array of bool, shape (rows,), or None where all rows are trained on: there are no more negatives than that.
    """
    positives = int(np.count_nonzero(y == 1))
    if negatives is None or negatives * positives >= len(y) - positives:
        return None
    share = negatives * positives / (len(y) - positives)
    sampled: NDArray[np.bool_] = (y == 1) | (dice(X, seed) < share)
    return sampled


def rows_trained(rows: int, positives: int, negatives: float | None) -> int:
    """Compute how many rows `sample_rows` draws, on average.

    Examples
    --------
    >>> rows_trained(1000, 10, 20), rows_trained(1000, 10, None), rows_trained(1000, 100, 20)
    (210, 1000, 1000)
    """
    return rows if negatives is None else min(rows, round(positives * (1 + negatives)))


def dice(X: np.ndarray, seed: int) -> NDArray[np.float64]:
    """Throw a number in [0, 1) for each row, from its own features, the seed, and which of its copies it is.

    Parameters
    ----------
    X : array, shape (rows, features)
        Read a piece at a time.
    seed : int

    Returns
    -------
    array, shape (rows,)

    Examples
    --------
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])
    >>> thrown = dice(X, seed=0)
    >>> bool((dice(X[:2], seed=0) == thrown[:2]).all()), bool(thrown[0] != thrown[2])
    (True, True)
    """
    keys = np.empty(len(X), np.uint64)
    for start in range(0, len(X), PIECE):
        piece = np.array(X[start : start + PIECE], np.float64)
        piece[np.isnan(piece)] = np.nan  # of its many forms, one
        key: NDArray[np.uint64] = np.full(len(piece), _mixed(np.array([seed], np.uint64))[0])
        for column in (piece + 0.0).T:  # + 0: no negative zero
            key = _mixed(key ^ np.ascontiguousarray(column).view(np.uint64))
        keys[start : start + PIECE] = key
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.append(True, keys[order][1:] != keys[order][:-1]))
    copy = np.empty(len(X), np.uint64)
    copy[order] = np.arange(len(X)) - np.repeat(first, np.diff(np.append(first, len(X))))
    return (_mixed(keys + copy) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    key = key + np.uint64(GOLDEN)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(MIX1)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(MIX2)
    return key ^ (key >> np.uint64(31))
