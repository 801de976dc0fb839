"""Counts of a decision, the precision and recall of each class, and their exact intervals.

Class 1 is the positive, rare class. A pair is always (class 0, class 1):

    precision   P0 = tn / (tn + fn)     P1 = tp / (tp + fp)
    recall      R0 = tn / (tn + fp)     R1 = tp / (tp + fn)

A rate whose denominator is 0 is undefined: None in a pair, NaN in an array, never 0 or 1.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from sweep.errors import InputError
from sweep.statistics.checks import check_labels, check_logits

RATES = ("P0", "P1", "R0", "R1")


@dataclass(frozen=True)
class Counts:
    """A confusion table.

    Examples
    --------
    >>> counts = Counts(tp=3, fp=1, fn=9, tn=87)
    >>> counts.precision, counts.recall[1]
    ((0.90625, 0.75), 0.25)
    >>> Counts(tp=0, fp=0, fn=2, tn=8).precision
    (0.8, None)
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, y: ArrayLike, called: ArrayLike) -> "Counts":
        """Count the decisions `called` (rows,) against the labels `y` (rows,), both 0 or 1."""
        labels = check_labels(y)
        decisions = np.asarray(called)
        if decisions.shape != labels.shape or not np.isin(decisions, (0, 1)).all():
            raise InputError(f"called must be 0 or 1, in the shape of y, {labels.shape}; got {decisions.shape}.")
        return cls.from_array(count(labels, decisions.astype(bool)[:, None])[0])

    @classmethod
    def from_array(cls, counts: ArrayLike) -> "Counts":
        """Take tp, fp, fn, tn, in this order, from an array of shape (4,)."""
        tp, fp, fn, tn = (int(value) for value in np.asarray(counts))
        return cls(tp, fp, fn, tn)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def positives(self) -> int:
        """Rows of class 1."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Rows of class 0."""
        return self.tn + self.fp

    @property
    def called(self) -> int:
        """Rows predicted positive."""
        return self.tp + self.fp

    @property
    def precision(self) -> tuple[float | None, float | None]:
        """(P0, P1)."""
        return _ratio(self.tn, self.tn + self.fn), _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> tuple[float | None, float | None]:
        """(R0, R1)."""
        return _ratio(self.tn, self.negatives), _ratio(self.tp, self.positives)

    def intervals(self, *, level: float = 0.95) -> dict[str, tuple[float, float] | None]:
        """Compute exact intervals of P0, P1, R0 and R1; None where the rate is undefined.

        For out-of-fold counts they are conditional on the fitted networks.
        """
        parts = ((self.tn, self.fn), (self.tp, self.fp), (self.tn, self.fp), (self.tp, self.fn))
        return {
            name: proportion_interval(hit, hit + miss, level=level) if hit + miss else None
            for name, (hit, miss) in zip(RATES, parts, strict=True)
        }

    def to_dict(self) -> dict[str, int]:
        """Give tp, fp, fn and tn, and nothing else."""
        return asdict(self)


class PrecisionRecall(NamedTuple):
    """Precision and recall of class 1 at every distinct threshold; each (thresholds,), recall rising."""

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    threshold: NDArray[np.floating]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def count(y: NDArray[np.bool_], called: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count many decisions at once.

    Parameters
    ----------
    y : (rows,) bool
    called : (rows, columns) bool

    Returns
    -------
    (columns, 4) int
        tp, fp, fn, tn.

    Examples
    --------
    >>> count(np.array([True, False, False]), np.array([[True, False], [True, False], [False, False]]))
    array([[1, 1, 0, 1],
           [0, 0, 1, 2]])
    """
    tp = np.count_nonzero(called[y], axis=0)
    fp = np.count_nonzero(called[~y], axis=0)
    positives = np.count_nonzero(y)
    return np.stack([tp, fp, positives - tp, y.size - positives - fp], axis=-1)


def rates(counts: ArrayLike) -> NDArray[np.float64]:
    """Compute P0, P1, R0, R1 of many counts (..., 4) in the order tp, fp, fn, tn: (..., 4), NaN where undefined.

    Examples
    --------
    >>> rates([[3, 1, 9, 87], [0, 0, 12, 88]]).round(3)
    array([[0.906, 0.75 , 0.989, 0.25 ],
           [0.88 ,   nan, 1.   , 0.   ]])
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    hits = np.stack([tn, tp, tn, tp], axis=-1)
    wholes = np.stack([tn + fn, tp + fp, tn + fp, tp + fn], axis=-1)
    found: NDArray[np.float64] = np.divide(hits, wholes, out=np.full(hits.shape, np.nan), where=wholes > 0)
    return found


def proportion_interval(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Compute the exact (Clopper-Pearson) interval of a proportion; (0, 1) where n = 0.

    Parameters
    ----------
    successes, n : number
        Successes out of n trials, 0 <= successes <= n.
    level : float
        Coverage, inside (0, 1); at least this much, for every true proportion.

    References
    ----------
    Clopper and Pearson, Biometrika 26, 1934.

    Examples
    --------
    >>> low, high = proportion_interval(3, 12)
    >>> round(low, 2), round(high, 2)
    (0.05, 0.57)
    """
    if not 0 <= successes <= n:
        raise InputError(f"successes must lie in [0, n]; got {successes} of {n}.")
    if not 0 < level < 1:
        raise InputError(f"level must lie inside (0, 1); got {level}.")
    tail = (1 - level) / 2
    low = betaincinv(successes, n - successes + 1, tail) if successes > 0 else 0.0
    high = betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return float(low), float(high)


def average_precision(y: ArrayLike, logits: ArrayLike) -> float | None:
    """Compute average precision of class 1, the sum over thresholds of (step in recall) * precision.

    None without a positive.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1
    logits : (rows,)

    Examples
    --------
    >>> average_precision([0, 1, 0, 1], [-2, -1, 0, 3])
    0.8333333333333333
    """
    labels = check_labels(y)
    scores = check_logits(logits, "logits", (labels.size,))
    if not labels.any():
        return None
    rising, positives = np.sort(scores), np.sort(scores[labels])
    steps, times = np.unique(positives, return_counts=True)  # recall is the same between them
    found, called = (of.size - np.searchsorted(of, steps) for of in (positives, rising))
    return float(np.sum(times * found / called) / positives.size)


def precision_recall_points(y: ArrayLike, logits: ArrayLike) -> PrecisionRecall:
    """Compute precision and recall of class 1 at every distinct threshold; a row is positive where logit > threshold.

    Parameters
    ----------
    y : (rows,) of bool or 0 and 1, at least one positive
    logits : (rows,)

    Returns
    -------
    PrecisionRecall
        recall, precision, threshold, each (distinct logits,): from the highest logit predicted positive to all rows,
        whose threshold is -inf.

    Examples
    --------
    >>> points = precision_recall_points([0, 1, 0, 1], [-2, -1, 0, 3])
    >>> points.recall, points.precision.round(2), points.threshold
    (array([0.5, 0.5, 1. , 1. ]), array([1.  , 0.5 , 0.67, 0.5 ]), array([  0.,  -1.,  -2., -inf]))
    """
    labels = check_labels(y)
    scores = check_logits(logits, "logits", (labels.size,))
    if not labels.any():
        raise InputError(f"y must hold a positive; got none in {labels.size} rows.")
    rising, positives = np.sort(scores), np.sort(scores[labels])  # in a thirtieth of the time of an order of the rows
    first = np.flatnonzero(np.append(True, rising[1:] != rising[:-1]))[::-1]
    found = positives.size - np.searchsorted(positives, rising[first])
    return PrecisionRecall(
        found / positives.size,
        found / (labels.size - first),
        np.append(rising[first[1:]], -np.inf).astype(scores.dtype),
    )


def precision_at_prevalence(recall0: float, recall1: float, prevalence: float) -> tuple[float | None, float | None]:
    """Compute the (P0, P1) that the recalls imply on a table of another prevalence.

    R0 and R1 carry over to another prevalence s; precision does not:

        P1 = s R1 / (s R1 + (1 - s)(1 - R0))        P0 = (1 - s) R0 / ((1 - s) R0 + s (1 - R1))

    Examples
    --------
    At a prevalence of 4.1 %, R1 = 0.6 with FP = FN is P1 = 0.6; the same network on a table of 2 %:

    >>> recall0 = 1 - 0.4 * 0.041 / 0.959
    >>> [round(precision_at_prevalence(recall0, 0.6, s)[1], 2) for s in (0.041, 0.02)]
    [0.6, 0.42]
    """
    for name, value in (("recall0", recall0), ("recall1", recall1), ("prevalence", prevalence)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} must lie in [0, 1]; got {value}.")
    tp, fn = prevalence * recall1, prevalence * (1 - recall1)
    tn, fp = (1 - prevalence) * recall0, (1 - prevalence) * (1 - recall0)
    return _ratio(tn, tn + fn), _ratio(tp, tp + fp)


def described(counts: Counts) -> dict[str, Any]:
    """Give counts with their rates, [class 0, class 1], and exact intervals; undefined is None."""
    rates = {"precision": list(counts.precision), "recall": list(counts.recall)}
    return {"counts": counts.to_dict(), **rates, "intervals": counts.intervals()}
