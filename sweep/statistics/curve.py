"""The balance curve: counts, rates and the crossing of each criterion along `most`, with bands from resampling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.class_weight import weight_ratio
from sweep.errors import InputError
from sweep.statistics.bootstrap import TAILS, check_units, counts_of, resampled_sums, tally
from sweep.statistics.checks import check_choice, check_labels, check_logits
from sweep.statistics.confusion import RATES, count, rates
from sweep.statistics.criteria import CRITERIA
from sweep.statistics.reached import Crossing, judge

SEED_SETS = 64  # distinct sets of repeats at most: each costs a pass over all logits


@dataclass(frozen=True)
class Curve:
    """A balance curve; everything out-of-fold, over all rows.

    Attributes
    ----------
    most, log_ratio : (balances,) float
        The cap on the weights, and log(w1 / w0).
    counts : (balances, 4) int
        tp, fp, fn, tn.
    precision, recall : (balances, 2) float
        [class 0, class 1], NaN where undefined.
    bands : dict
        95 % band (balances, 2) of each of P0, P1, R0, R1, over the resamples in which it is defined. They say how
        steady the curve is; where few rows are predicted positive, read the exact interval of the counts instead.
    crossings : dict
        A `Crossing` for each of `CRITERIA`.
    """

    most: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    counts: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    bands: dict[str, NDArray[np.float64]]
    crossings: dict[str, Crossing]


def balance_curve(
    y: ArrayLike,
    units: ArrayLike,
    logits: ArrayLike,
    most: ArrayLike,
    *,
    prevalence: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Curve:
    """Measure the balance curve of one network and find where each criterion is met.

    A row is predicted positive where the mean logit of its repeats is above 0. Each resample draws row groups, within
    classes, and repeats, all with replacement, and is decided, counted and crossed as the whole. `ratio` and `recall`
    are reached where the smoothed curve crosses inside the range. `precision` leaves out the points with fewer than 10
    predicted positives and is reached only if there are at least 10 at the crossing and at least 90 % of the resamples
    cross inside.
    Perfect separation, P0 = P1 = 1 at some balance, counts as reached.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, both occurring
    units : (rows,) of int
        Row groups that are drawn together: exact duplicates, or groups that the user named.
    logits : (rows, balances, repeats)
        Out-of-fold.
    most : (balances,)
        Rising, from 0.5 to at most saturation.
    prevalence : float, optional
        In the whole table, where `y` are some of its rows; default: among these.
    resamples : int
        At least 1.
    seed : int

    Returns
    -------
    Curve

    Examples
    --------
    >>> y = np.repeat([0, 1], [80, 20])
    >>> push = np.log([1.0, 2.0, 4.0])
    >>> logits = (np.linspace(-4, 2, 100)[:, None] + push)[:, :, None]
    >>> curve = balance_curve(y, np.arange(100), logits, [0.5, 2 / 3, 0.8])
    >>> curve.counts[:, :2].tolist(), curve.crossings["recall"].reached
    ([[20, 13], [20, 25], [20, 36]], False)
    """
    labels = check_labels(y, both=True)
    caps = np.asarray(most, dtype=float)
    if caps.ndim != 1 or caps.size == 0 or (np.diff(caps) <= 0).any():
        raise InputError(f"most must rise, with shape (balances,); got {caps.tolist()}.")
    values = check_logits(logits, "logits", (labels.size, caps.size, "repeats"))
    ids = check_units(units, labels.size)
    if resamples < 1:
        raise InputError(f"resamples must be at least 1; got {resamples}.")
    share = float(labels.mean()) if prevalence is None else prevalence
    log_ratio = np.log(weight_ratio(caps, share))
    if (np.diff(log_ratio) == 0).any():
        raise InputError(f"most must not pass saturation, {max(share, 1 - share):.6g}; got {caps[-1]:.6g}.")

    counts = count(labels, _called(values, np.ones(values.shape[2])))
    drawn = _resampled_counts(labels, ids, values, resamples, np.random.default_rng(seed))
    measured = rates(counts)
    bands = rates(drawn)
    return Curve(
        most=caps,
        log_ratio=log_ratio,
        counts=counts,
        precision=measured[:, :2],
        recall=measured[:, 2:],
        bands={name: _band(bands[..., i]) for i, name in enumerate(RATES)},
        crossings={equal: judge(caps, log_ratio, counts, drawn, equal, share) for equal in CRITERIA},
    )


def choose(curve: Curve, equal: str) -> tuple[str, str | None]:
    """Choose the criterion that is delivered when `equal` is asked for, and say in one line why, where it is another.

    `precision` gives way to `ratio` where it is not reached; `ratio` and `recall` give way to nothing.

    Parameters
    ----------
    curve : Curve
    equal : str
        One of `CRITERIA`.
    """
    check_choice(equal, "equal", CRITERIA)
    asked, instead = curve.crossings[equal], curve.crossings["ratio"]
    if equal != "precision" or asked.reached:
        return equal, None
    taken = "P1 = R1, as many alarms as positives, was taken"
    if instead.reached:
        return "ratio", f"{asked.why}, so {taken}"
    return "ratio", f"{asked.why}, so {taken}, by moving the threshold at most = {instead.most:.3g}"


def _called(logits: NDArray[np.floating], times: NDArray[np.number]) -> NDArray[np.bool_]:
    """Decide (rows, balances) by the mean logit, each repeat counted `times` (repeats,)."""
    return logits @ times.astype(logits.dtype) > 0


def _resampled_counts(
    y: NDArray[np.bool_],
    units: NDArray[np.int64],
    logits: NDArray[np.floating],
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Count every resample, (resamples, balances, 4); resamples of one multiset of repeats share its decisions."""
    repeats = logits.shape[2]
    seeds = rng.multinomial(repeats, np.full(repeats, 1 / repeats), size=resamples)
    if len(np.unique(seeds, axis=0)) > SEED_SETS:
        seeds = np.resize(seeds[:SEED_SETS], seeds.shape)
    sets, sizes = np.unique(seeds, axis=0, return_counts=True)
    sums = [
        resampled_sums(tally(y, units, _called(logits, times)), int(size), rng)
        for times, size in zip(sets, sizes, strict=True)
    ]
    return counts_of(np.concatenate(sums))


def _band(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take percentiles over the first axis, without the undefined: (resamples, balances) -> (balances, 2)."""
    defined = [column[~np.isnan(column)] for column in values.T]
    return np.array([np.quantile(column, TAILS) if column.size else (np.nan, np.nan) for column in defined])
