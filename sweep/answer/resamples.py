"""Bootstrap of what counts alone do not give: rows weighed by how often their row group is drawn."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sweep.balance.metrics import average_precision
from sweep.balance.rules import TAILS

RESAMPLES = 500
AT_ONCE = 4_000_000  # entries of a block of row weights


def row_draws(
    y: NDArray[np.integer], units: NDArray[np.integer], resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Draw row groups with replacement, those with a positive and those without each on their own.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    units : (rows,) of int
    resamples : int
    rng : Generator

    Yields
    ------
    (resamples of the block, rows) float
        How often each row is drawn; 0 is out of bag.
    """
    groups, group_of = np.unique(units, return_inverse=True)
    positive = np.bincount(group_of, y == 1) > 0
    strata = [np.flatnonzero(part) for part in (positive, ~positive) if part.any()]
    step = max(1, AT_ONCE // len(y))
    for start in range(0, resamples, step):
        times = np.zeros((min(step, resamples - start), len(groups)))
        for stratum in strata:
            n = len(stratum)
            times[:, stratum] = rng.multinomial(n, np.full(n, 1 / n), size=len(times))
        yield times[:, group_of]


def average_precisions(
    y: NDArray[np.integer], logits: NDArray[np.floating], draws: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average precision of many resamples at once; rows of one logit are called together.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    logits : (rows,)
    draws : (resamples, rows)
        Weights of the rows.

    Returns
    -------
    (resamples,) float

    Examples
    --------
    >>> y, logits = np.array([0, 1, 0, 1]), np.array([-2.0, -1.0, 0.0, 3.0])
    >>> average_precisions(y, logits, np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 1.0]])).round(3)
    array([0.833, 0.75 ])
    """
    order = np.argsort(-logits, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(logits[order]) != 0, True))
    drawn = draws[:, order]
    called = np.cumsum(drawn, axis=1)[:, ends]
    hits = np.cumsum(drawn * (y[order] == 1), axis=1)[:, ends]
    precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
    steps = np.diff(hits, axis=1, prepend=0.0)
    return (steps * precision).sum(axis=1) / hits[:, -1]


def average_precision_interval(
    y: NDArray[np.integer], units: NDArray[np.integer], logits: NDArray[np.floating], *, seed: int
) -> tuple[float, float]:
    """95 % bootstrap interval of pooled average precision, over row groups."""
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([average_precisions(y, logits, block) for block in row_draws(y, units, RESAMPLES, rng)])
    return interval(drawn, around=average_precision(y, logits))


def interval(drawn: NDArray[np.floating], *, around: float | None = None) -> tuple[float, float]:
    """95 % percentile interval of resampled values; it holds `around`, the value of all rows, if given."""
    low, high = np.quantile(drawn, TAILS).tolist()
    return (low, high) if around is None else (min(low, around), max(high, around))
