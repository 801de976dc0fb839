"""The rule by which a criterion counts as reached along a balance curve, at which balance, with what interval."""

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from sweep.class_weight import most_of_ratio
from sweep.statistics.bootstrap import TAILS
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import gap, sign
from sweep.statistics.crossing import crossing, raw_crossings

LEAST_CALLED = 10  # rows: with fewer predicted positive, precision is left out
LEFT = 0.05  # of a sign that a threshold leaves, where one row more cannot do better: met as nearly as rows allow
ERRORS = 2.0  # standard errors, within which a balance that the weights put holds but for chance
LEAST_INSIDE = 0.9  # share of resamples that must cross for `precision` to be reached

_GAPS = {
    "precision": "class 1's precision is still {} class 0's",
    "ratio": "class 1's precision is still {} its recall",
    "recall": "class 1's recall is still {} class 0's",
}


@dataclass(frozen=True)
class Crossing:
    """Where one criterion is met along the curve.

    Attributes
    ----------
    reached : bool
        Whether the criterion is met inside the range, by the rules of `balance_curve`.
    most : float
        The balance: the interpolated crossing, or the nearest end of the points that count.
    low, high : float
        95 % interval of `most`; a resample that does not cross takes the end that it points to.
    share_inside : float
        Of the resamples, those that cross inside the range.
    raw : tuple of float
        Every crossing of the curve as it is, unsmoothed; several tell that it is noisy.
    why : str or None
        One clause for a reader, where it is not reached.
    """

    reached: bool
    most: float
    low: float
    high: float
    share_inside: float
    raw: tuple[float, ...]
    why: str | None


def usable(counts: NDArray[np.number], equal: str) -> NDArray[np.bool_]:
    """Mark the points that count for a criterion: for `precision` those with 10 rows predicted each way, or no error.

    Examples
    --------
    >>> usable(np.array([[3, 0, 9, 88], [8, 4, 4, 84], [3, 0, 0, 97], [20, 80, 0, 0]]), "precision")
    array([False,  True,  True, False])
    """
    tp, fp, fn, tn = np.moveaxis(counts, -1, 0)
    if equal != "precision":
        return np.ones(tp.shape, dtype=bool)
    used: NDArray[np.bool_] = (np.minimum(tp + fp, tn + fn) >= LEAST_CALLED) | (fp + fn == 0)
    return used


def nearly(counts: Counts, equal: str) -> bool:
    """Check whether a criterion holds as nearly as rows allow: within one positive, or .05 of its sign.

    Examples
    --------
    >>> nearly(Counts(tp=6, fp=4, fn=4, tn=90), "ratio"), nearly(Counts(tp=0, fp=0, fn=10, tn=90), "ratio")
    (True, False)
    """
    return abs(float(sign(astuple(counts), equal))) <= max(LEFT, 1 / max(counts.positives, 1))


def missed(counts: NDArray[np.number], equal: str) -> NDArray[np.bool_]:
    """Mark the tables, (..., 4), in which `ratio` or `recall` is off by more than chance: by over `ERRORS` errors.

    The standard error of FP - FN is about the root of FP + FN; that of R1 - R0 is of two shares.

    Examples
    --------
    >>> missed(np.array([[60, 25, 40, 875], [60, 5, 40, 895], [0, 0, 100, 900]]), "ratio")
    array([False,  True,  True])
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, float), -1, 0)
    positives, negatives = np.maximum(tp + fn, 1), np.maximum(tn + fp, 1)
    error = np.sqrt(fp + fn) / positives
    if equal == "recall":
        error = np.sqrt(tp * fn / positives**3 + tn * fp / negatives**3)
    off: NDArray[np.bool_] = np.abs(sign(counts, equal)) > np.maximum(ERRORS * error, LEFT)
    return off


def locate(log_ratio: NDArray[np.float64], counts: NDArray[np.number], equal: str) -> NDArray[np.float64]:
    """Find the crossing of a criterion along each of many curves, in log ratio.

    Parameters
    ----------
    log_ratio : (balances,)
    counts : (..., balances, 4)
    equal : str

    Returns
    -------
    (...) float
        As `crossing` returns it: -inf or inf where it lies outside, NaN where no point counts. Perfect separation is
        every balance at once: the middle one of the points without an error.
    """
    position = crossing(log_ratio, sign(counts, equal), usable(counts, equal))
    perfect = (counts[..., 1] == 0) & (counts[..., 2] == 0)
    rank = np.cumsum(perfect, axis=-1)
    middle = np.argmax(rank >= (rank[..., -1:] + 1) // 2, axis=-1)
    return np.where(perfect.any(axis=-1), log_ratio[middle], position)


def judge(
    most: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    counts: NDArray[np.int64],
    drawn: NDArray[np.float64],
    equal: str,
    prevalence: float,
) -> Crossing:
    """Say where one criterion is met, and whether that counts as reached.

    Parameters
    ----------
    most, log_ratio : (balances,)
    counts : (balances, 4)
        Of all rows.
    drawn : (resamples, balances, 4)
        Of the resamples.
    equal : str
    prevalence : float
    """
    bottom, top = log_ratio.min(), log_ratio.max()
    position = float(locate(log_ratio, counts, equal))
    positions = locate(log_ratio, drawn, equal)
    inside = float(np.isfinite(positions).mean())
    raw = raw_crossings(log_ratio, sign(counts, equal), usable(counts, equal))

    counted = np.flatnonzero(usable(counts, equal))
    if counted.size == 0:
        counted = np.arange(most.size)
    ends = counted[[np.argmin(log_ratio[counted]), np.argmax(log_ratio[counted])]]
    target = top if np.isnan(position) else np.clip(position, bottom, top)
    end = int(ends[np.argmin(np.abs(log_ratio[ends] - target))])
    why = _why_not(most, log_ratio, counts, equal, position, inside, ends, end)
    taken = float(most[end]) if why else float(_most(np.array(position), prevalence))
    clipped = np.clip(np.where(np.isnan(positions), top, positions), *np.sort(log_ratio[ends]))
    bounds = np.clip(_most(np.quantile(clipped, TAILS), prevalence), most.min(), most.max())
    low, high = min(*bounds, taken), max(*bounds, taken)
    return Crossing(
        why is None,
        taken,
        float(low),
        float(high),
        inside,
        tuple(sorted(_most(np.array(raw), prevalence).tolist())),
        why,
    )


def _most(log_ratio: NDArray[np.float64], prevalence: float) -> NDArray[np.float64]:
    return most_of_ratio(np.exp(log_ratio), prevalence)


def _why_not(
    most: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    counts: NDArray[np.int64],
    equal: str,
    position: float,
    inside: float,
    ends: NDArray[np.int64],
    end: int,
) -> str | None:
    """Say in one clause why a criterion is not reached; None where it is."""
    span = f"between most = {most[ends].min():.3g} and {most[ends].max():.3g}"
    if np.isnan(position):
        few = f"fewer than {LEAST_CALLED} rows are predicted positive at any balance"
        return f"equal {equal} is not reached ({few} {span})"
    if np.isinf(position):
        left = gap(Counts.from_array(counts[end]), equal)
        still = "no row is predicted positive"
        if left is not None:
            still = _GAPS[equal].format(f"{abs(left):.2g} {'below' if left < 0 else 'above'}")
        return f"equal {equal} is not reached {span} (at {most[end]:.3g} {still})"
    if equal != "precision" or (counts[:, 1] + counts[:, 2] == 0).any():
        return None
    order = np.argsort(log_ratio)
    fewer = np.minimum(counts[:, 0] + counts[:, 1], counts[:, 2] + counts[:, 3])
    called = np.interp(position, log_ratio[order], fewer[order])
    near = f"equal {equal} is not reached {span} with certainty (the curve meets it"
    if called < LEAST_CALLED:
        return f"{near} only where fewer than {LEAST_CALLED} rows are predicted positive)"
    if inside < LEAST_INSIDE:
        return f"{near}, but only {100 * inside:.0f} % of the resampled curves do)"
    return None
