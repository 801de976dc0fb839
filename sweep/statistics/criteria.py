"""The three criteria of balance: the gap, the sign and the score of a confusion table.

| criterion   | what is equal          | gap     | always-defined sign, rising with log(w1/w0) |
|-------------|------------------------|---------|---------------------------------------------|
| precision   | P0 = P1, tn fp = tp fn | P1 - P0 | (tn fp - tp fn) / (positives * negatives)   |
| ratio       | P0/R0 = P1/R1, fp = fn | P1 - R1 | (fp - fn) / positives                       |
| recall      | R0 = R1                | R1 - R0 | R1 - R0                                     |

Counts are one `Counts`, or an array (..., 4) in the order tp, fp, fn, tn: many tables at once.
"""

from dataclasses import astuple
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.errors import InputError
from sweep.statistics.checks import check_choice, check_labels, check_logits
from sweep.statistics.confusion import Counts, rates

CRITERIA = ("precision", "ratio", "recall")
NEAR = 3  # rows per positive, the highest, among which a threshold at FP = FN lies


def _cells(counts: Counts | ArrayLike) -> NDArray[np.float64]:
    """Check counts and put tp, fp, fn, tn along the first axis, shape (4, ...)."""
    cells = np.asarray(astuple(counts) if isinstance(counts, Counts) else counts, dtype=float)
    if cells.ndim == 0 or cells.shape[-1] != 4:
        raise InputError(f"counts must have shape (..., 4), tp, fp, fn, tn; got {cells.shape}.")
    return np.moveaxis(cells, -1, 0)


def _divide(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide part by whole; 0 where whole is 0, and there part is 0 too."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)


@overload
def gap(counts: Counts, equal: str) -> float | None: ...
@overload
def gap(counts: ArrayLike, equal: str) -> NDArray[np.float64]: ...
def gap(counts: Counts | ArrayLike, equal: str) -> float | NDArray[np.float64] | None:
    """Compute the gap of a criterion: P1 - P0, P1 - R1 or R1 - R0.

    Parameters
    ----------
    counts : Counts, or (..., 4) array of tp, fp, fn, tn
    equal : str
        One of `CRITERIA`.

    Returns
    -------
    float or None, or (...) float
        None, in an array NaN, where a rate is undefined.

    Examples
    --------
    >>> gap(Counts(tp=6, fp=2, fn=4, tn=88), "ratio")
    0.15000000000000002
    >>> gap([[6, 2, 4, 88], [0, 0, 10, 90]], "ratio").round(2)
    array([0.15,  nan])
    """
    check_choice(equal, "equal", CRITERIA)
    p0, p1, r0, r1 = np.moveaxis(rates(np.moveaxis(_cells(counts), 0, -1)), -1, 0)
    gaps = {"precision": p1 - p0, "ratio": p1 - r1, "recall": r1 - r0}[equal]
    if isinstance(counts, Counts):
        return None if np.isnan(gaps) else float(gaps)
    found: float | NDArray[np.float64] | None = gaps
    return found


@overload
def score(counts: Counts, equal: str = "precision") -> float: ...
@overload
def score(counts: ArrayLike, equal: str = "precision") -> NDArray[np.float64]: ...
def score(counts: Counts | ArrayLike, equal: str = "precision") -> float | NDArray[np.float64]:
    """Compute the objective of the search, to be maximised, in [0, 1].

    min(P1, R1) = tp / max(tp + fp, tp + fn) for `precision` and `ratio`, 0 where no row is predicted positive;
    min(R0, R1) for `recall`.

    Parameters
    ----------
    counts : Counts, or (..., 4) array of tp, fp, fn, tn
    equal : str
        One of `CRITERIA`.

    Returns
    -------
    float, or (...) float

    Examples
    --------
    >>> score(Counts(tp=6, fp=2, fn=4, tn=88))
    0.6
    >>> score([[6, 2, 4, 88], [0, 0, 10, 90]], "recall")
    array([0.6, 0. ])
    """
    check_choice(equal, "equal", CRITERIA)
    tp, fp, fn, tn = _cells(counts)
    if equal == "recall":
        scores = np.minimum(_divide(tn, tn + fp), _divide(tp, tp + fn))
    else:
        scores = _divide(tp, tp + np.maximum(fp, fn))
    return float(scores) if isinstance(counts, Counts) else scores


def sign(counts: ArrayLike, equal: str) -> NDArray[np.float64]:
    """Compute a number that is 0 at the balance, defined for every table, and rises with log(w1/w0).

    Parameters
    ----------
    counts : (..., 4) array of tp, fp, fn, tn
    equal : str
        One of `CRITERIA`.

    Returns
    -------
    (...) float
        See the table at the top of this module. With no row predicted positive, `precision` is 0: leave such
        points out.

    Examples
    --------
    >>> sign([[6, 2, 4, 90], [6, 4, 4, 90], [9, 9, 1, 90]], "ratio")
    array([-0.2,  0. ,  0.8])
    """
    check_choice(equal, "equal", CRITERIA)
    tp, fp, fn, tn = _cells(counts)
    if equal == "ratio":
        return _divide(fp - fn, tp + fn)
    if equal == "recall":
        return _divide(tp, tp + fn) - _divide(tn, tn + fp)
    return _divide(tn * fp - tp * fn, (tp + fn) * (tn + fp))


def balancing_threshold(
    y: ArrayLike, logits: ArrayLike, equal: str = "ratio", weights: NDArray[np.float64] | None = None
) -> float:
    """Find the threshold at which FP = FN, or R0 = R1; a row is predicted positive where logit > threshold.

    Rows of one logit are decided alike, so the balance can be missed; the nearest is taken, of two equally near the
    one with fewer predicted positives. The threshold lies halfway between the two neighbouring distinct logits.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1
    logits : (rows,)
    equal : "ratio" or "recall"
    weights : (rows,), optional
        How many rows each stands for, 1 or more; 1 for a positive.

    Examples
    --------
    >>> balancing_threshold([0, 1, 0, 1], [-2.0, -1.0, 0.0, 3.0])
    -0.5
    >>> balancing_threshold([0, 0, 0, 1, 0, 0, 1], [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0], "recall")
    -0.5
    """
    check_choice(equal, "equal", ("ratio", "recall"))
    labels = check_labels(y)
    scores = check_logits(logits, "logits", (labels.size,))
    positives, below_all = int(np.count_nonzero(labels)), 0
    if equal == "ratio" and (near := NEAR * (1 + positives)) < scores.size:  # FP = FN: as many are called as there are
        kept = scores >= np.partition(scores, -near)[-near]
        below_all = int(np.count_nonzero(labels[~kept]))
        labels, scores, weights = labels[kept], scores[kept], None if weights is None else weights[kept]
    distinct, place = np.unique(scores, return_inverse=True)
    of_class = ((each if weights is None else each * weights) for each in (labels, ~labels))
    here = np.stack([np.bincount(place, weights=each) for each in of_class], axis=1)
    fn, tn = np.concatenate([[[0, 0]], np.cumsum(here, axis=0)]).T  # with the threshold just below distinct[k]
    tp, fp = fn[-1] - fn, tn[-1] - tn
    nearest = np.abs(fp - fn - below_all if equal == "ratio" else tp * tn[-1] - tn * fn[-1])  # whole: ties are exact
    k = nearest.size - 1 - int(np.argmin(nearest[::-1]))
    if k == distinct.size:
        return float(distinct[-1])
    below = np.nextafter(distinct[k], -np.inf, dtype=scores.dtype)  # halfway can round up onto distinct[k] itself
    return float(min(below, (distinct[k - 1] + distinct[k]) / 2) if k else below)
