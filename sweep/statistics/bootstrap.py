"""Bootstrap over row groups, stratified by class: the tally of each row group, and resamples of them.

A row group (unit) is a set of rows drawn together: exact duplicates, or a group that the user named. Its stratum is
whether it holds a positive. Its tally says all that counts need to know of it, for all columns in step:

    positives, negatives, tp of each column, fp of each column        shape (2 + 2 columns,)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError
from sweep.validation import numbered

TAILS = (0.025, 0.975)  # of bands and intervals
DRAWS_AT_ONCE = 5_000_000  # entries of one block of multiplicities
RESAMPLES = 500
AT_ONCE = 4_000_000  # entries of a block of row weights
THIN = 50_000  # rows of a table, beyond which some stand for all where an interval would take long


def check_units(units: ArrayLike, rows: int) -> NDArray[np.int64]:
    """Check row groups and number them consecutively from 0, shape (rows,)."""
    ids = np.asarray(units)
    if ids.shape != (rows,) or not np.issubdtype(ids.dtype, np.integer):
        raise InputError(f"units must be integers of shape ({rows},); got {ids.dtype} of shape {ids.shape}.")
    return numbered(ids)


def tally(y: NDArray[np.bool_], units: NDArray[np.int64], called: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Sum the labels and the predicted positives of each row group.

    Parameters
    ----------
    y : (rows,) bool
    units : (rows,) int, consecutive from 0
    called : (rows, columns) bool

    Returns
    -------
    (units, 2 + 2 columns) int

    Examples
    --------
    >>> tally(np.array([True, True, False]), np.array([0, 0, 1]), np.array([[True], [False], [True]]))
    array([[2, 0, 1, 0],
           [0, 1, 0, 1]], dtype=int32)
    """
    positive = y[:, None]
    parts = np.concatenate([positive, ~positive, called & positive, called & ~positive], axis=1)
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=-1))
    if starts.size == units.size:
        return parts[order].astype(np.int32)
    return np.add.reduceat(parts[order], starts, axis=0, dtype=np.int32)


def counts_of(tallies: NDArray[Any]) -> NDArray[Any]:
    """Convert summed tallies (..., 2 + 2 columns) to counts (..., columns, 4) in the order tp, fp, fn, tn.

    Examples
    --------
    >>> counts_of(np.array([2, 5, 1, 3]))
    array([[1, 3, 1, 2]])
    """
    positives, negatives = tallies[..., :1], tallies[..., 1:2]
    tp, fp = np.split(tallies[..., 2:], 2, axis=-1)
    return np.stack([tp, fp, positives - tp, negatives - fp], axis=-1)


def strata(tallies: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Split the tallies into those with a positive and those without, by row number; an empty stratum is left out."""
    has_positive = tallies[:, 0] > 0
    return [np.flatnonzero(part) for part in (has_positive, ~has_positive) if part.any()]


def alike(tallies: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Find the distinct tallies and count the row groups of each: groups of one tally need not be told apart.

    The entries of a tally are the digits of one integer, and sorting integers is far cheaper than sorting rows.

    Examples
    --------
    >>> alike(np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], dtype=np.int32))
    (array([[0, 1, 0],
           [1, 0, 1]], dtype=int32), array([1, 2]))
    """
    code, size = np.zeros(len(tallies), dtype=np.int64), 1
    for digit in tallies.T:
        base = int(digit.max()) + 1
        if size * base > 2**62:
            code = np.unique(code, return_inverse=True)[1]
            size = int(code.max()) + 1
        code = code * base + digit
        size *= base
    _, first, repeats = np.unique(code, return_index=True, return_counts=True)
    return tallies[first], repeats


def resampled_sums(tallies: NDArray[np.int32], resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Sum bootstrap resamples of the row groups, (resamples, 2 + 2 columns), stratified.

    Drawing n groups with replacement draws from the distinct tallies by a multinomial.
    """
    kinds, repeats = alike(tallies)
    sums = np.zeros((resamples, tallies.shape[1]))
    for stratum in strata(kinds):
        share = repeats[stratum] / repeats[stratum].sum()
        step = max(1, DRAWS_AT_ONCE // stratum.size)
        for start in range(0, resamples, step):
            block = slice(start, min(start + step, resamples))
            draws = rng.multinomial(repeats[stratum].sum(), share, size=block.stop - block.start)
            sums[block] += draws.astype(float) @ kinds[stratum].astype(float)
    return sums


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
    group_of = numbered(units)
    positive = np.bincount(group_of, y == 1) > 0
    strata = [np.flatnonzero(part) for part in (positive, ~positive) if part.any()]
    step = max(1, AT_ONCE // len(y))
    for start in range(0, resamples, step):
        times = np.zeros((min(step, resamples - start), len(positive)))
        for stratum in strata:
            times[:, stratum] = times_drawn(np.full(len(times), len(stratum)), len(stratum), rng)
        yield times[:, group_of]


def times_drawn(draws: NDArray[np.integer], groups: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw so many, (resamples,), of the groups with replacement, and count how often each is: (resamples, groups).

    Several times faster than multinomial draws of as many groups.
    """
    if not groups:
        return np.zeros((len(draws), 0), dtype=np.int64)
    return np.stack([np.bincount(rng.integers(groups, size=n, dtype=np.int32), minlength=groups) for n in draws])


def thinned(
    y: NDArray[np.integer],
    units: NDArray[np.integer],
    logits: NDArray[np.floating],
    *,
    seed: int,
    at_most: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Take rows that stand for all of a large table in resampling: some of those that hardly matter, all of the others.

    What an interval is wide for is the positives, and the negatives that rank among them: the groups of both are taken
    whole. Of the many negatives below them some tell as much.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    units : (rows,) of int
        Row groups, which are taken whole.
    logits : (rows,), or (rows, columns)
        That rank the rows: about half of what is taken are the positives and the highest, of each column alike many.
    seed : int
    at_most : int, optional
        Rows, about; a table that has no more is taken whole. Default: `THIN`.

    Returns
    -------
    rows : (taken,) of int
    weights : (taken,) of float
        How many rows each stands for.

    Examples
    --------
    >>> y = (np.arange(1000) < 10).astype(int)
    >>> rows, weights = thinned(y, np.arange(1000), np.arange(1000.0), seed=0, at_most=100)
    >>> int(y[rows].sum()), int((rows >= 960).sum()), float(weights.sum().round()), float(weights.min())
    (10, 40, 1000.0, 1.0)
    """
    at_most = at_most or THIN
    if len(y) <= at_most:
        return np.arange(len(y)), np.ones(len(y))
    group_of = numbered(units)
    telling = y == 1
    columns = logits.reshape(len(y), -1).T
    highest = max(0, at_most // 2 - int(np.count_nonzero(telling))) // len(columns)
    for column in columns:
        telling[np.argpartition(column, len(y) - 1 - highest)[len(y) - highest :]] = True
    whole = np.bincount(group_of, telling) > 0
    others = int(np.count_nonzero(~whole[group_of]))
    room = max(at_most // 2, at_most - (len(y) - others))
    taken = whole | (np.random.default_rng([seed, 21]).random(len(whole)) * max(others, 1) < room)
    rows = np.flatnonzero(taken[group_of])
    plain = ~whole[group_of[rows]]
    return rows, np.where(plain, others / max(1, int(plain.sum())), 1.0)


def average_precisions(
    y: NDArray[np.integer], logits: NDArray[np.floating], draws: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the average precision of many resamples at once; rows of one logit are decided alike.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    logits : (rows,)
    draws : (resamples, rows)
        Weights of the rows; laid out row by row, as `row_draws` gives them, they are summed the fastest.

    Returns
    -------
    (resamples,) float

    Examples
    --------
    >>> y, logits = np.array([0, 1, 0, 1]), np.array([-2.0, -1.0, 0.0, 3.0])
    >>> average_precisions(y, logits, np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 2.0, 1.0]])).round(3)
    array([0.833, 0.75 ])
    """
    from scipy.sparse import csr_array  # slow to load

    order = np.argsort(-logits, kind="stable")
    positives = np.flatnonzero(y[order] == 1)
    ends = np.flatnonzero(np.append(np.diff(logits[order]) != 0, True))
    tie, first = np.unique(np.searchsorted(ends, positives), return_index=True)  # where recall steps up
    until = ends[tie] + 1

    def sums(rows: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Sum the draws of consecutive parts of some rows, (resamples, parts)."""
        of_parts = csr_array((np.ones(len(rows)), rows, parts), shape=(len(parts) - 1, len(y)))
        return np.ascontiguousarray((of_parts @ draws.T).T)

    called = np.cumsum(sums(order[: until[-1]], np.append(0, until)), axis=1)
    steps = sums(order[positives], np.append(first, len(positives)))
    precision = np.divide(np.cumsum(steps, axis=1), called, out=np.zeros_like(called), where=called > 0)
    found: NDArray[np.float64] = (steps * precision).sum(axis=1) / steps.sum(axis=1)
    return found


def average_precision_interval(
    y: NDArray[np.integer],
    units: NDArray[np.integer],
    logits: NDArray[np.floating],
    *,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """Compute the 95 % bootstrap interval of pooled average precision, over row groups; rows may have weights."""
    rng, times = np.random.default_rng(seed), np.ones(len(y)) if weights is None else weights
    drawn = [average_precisions(y, logits, block * times) for block in row_draws(y, units, RESAMPLES, rng)]
    around = average_precisions(y, logits, times[None])[0]
    return interval(np.concatenate(drawn), around=float(around))


def interval(drawn: NDArray[np.floating], *, around: float | None = None) -> tuple[float, float]:
    """Compute the 95 % percentile interval of resampled values; it holds `around`, the value of all rows, if given."""
    low, high = np.quantile(drawn, TAILS).tolist()
    return (low, high) if around is None else (min(low, around), max(high, around))


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Examples
    --------
    >>> Estimate(0.2, 0.1, 0.3).excludes_zero
    True
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, drawn: NDArray[np.floating]) -> "Estimate":
        """Take the interval from resampled values, (resamples,)."""
        return cls(value, *interval(drawn, around=value))

    @property
    def excludes_zero(self) -> bool:
        """Check whether 0 lies outside of the interval."""
        return self.low > 0 or self.high < 0
