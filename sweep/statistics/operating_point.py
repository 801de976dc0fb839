"""Operating points: what was asked of the threshold, the rule that finds it, and how often what was asked holds.

| kind        | asked                              | threshold                           | and of balances |
|-------------|------------------------------------|-------------------------------------|-----------------|
| `recall`    | R1 at least so high                | the highest that has it             | the highest P1  |
| `precision` | P1 at least so high                | the lowest that has it, 10 called   | the highest R1  |
| `top`       | so many rows, or so large a share  | the lowest at which no more are     | the highest P1  |
| `cost`      | a missed one is so many alarms     | the one of least cost               | the least cost  |

Rows of one logit are called together or not at all. A threshold lies halfway between the two logits that it parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sweep.statistics.bootstrap import check_units, counts_of, resampled_sums, row_draws, tally
from sweep.statistics.checks import check_choice, check_labels, check_logits
from sweep.statistics.confusion import Counts
from sweep.statistics.reached import LEAST_CALLED

KINDS = ("recall", "precision", "top", "cost")
FLOORS = ("recall", "precision")  # kinds that a confidence goes with
RESAMPLES = 1000
AT_ONCE = 64  # resamples per block: what fits into a processor's cache
SLACK = 1e-9  # of a floor: 0.9 of 10 positives are 9


@dataclass(frozen=True)
class Wanted:
    """What was asked of the threshold.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : float
        `recall`, `precision`: the floor, inside (0, 1]. `top`: a share of the rows below 1, or from 1 on how many.
        `cost`: what a missed positive costs over what a false alarm costs.
    confidence : float, optional
        Share of the resamples of rows in which a floor shall hold; default: on the rows as they are.
    costs : (float, float), optional
        Of a missed positive and of a false alarm, as they were given.
    """

    kind: str
    value: float
    confidence: float | None = None
    costs: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", KINDS)

    @property
    def goal(self) -> str:
        """The quantity that is maximised."""
        return {
            "recall": f"P1 at R1 >= {self.value:g}",
            "precision": f"R1 at P1 >= {self.value:g}",
            "top": f"P1 of the top {self.value:g}" if self.value >= 1 else f"P1 of the top {100 * self.value:g} %",
            "cost": f"cost saved at {self.value:g} : 1",
        }[self.kind]

    def cost(self, counts: ArrayLike) -> NDArray[np.float64]:
        """Compute the cost of counts, (..., 4) in the order tp, fp, fn, tn: in the units of `costs`."""
        _, fp, fn, _ = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
        missed, false = self.costs or (self.value, 1.0)
        costs: NDArray[np.float64] = missed * fn + false * fp
        return costs

    def gain(self, counts: ArrayLike) -> NDArray[np.float64]:
        """Score counts, (..., 4), by the rule's other half: P1, R1, or the share of the cheaper blanket cost saved.

        Blanket costs are those of predicting no positive, and all. Where no row is predicted positive, P1 counts as 0.

        Examples
        --------
        >>> Wanted("recall", 0.9).gain([[9, 3, 1, 87]]), Wanted("cost", 10.0).gain([[9, 3, 1, 87]]).round(2)
        (array([0.75]), array([0.86]))
        """
        tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
        if self.kind == "precision":
            gains = tp / (tp + fn)
        elif self.kind == "cost":
            gains = 1 - (self.value * fn + fp) / np.minimum(self.value * (tp + fn), fp + tn)
        else:
            gains = tp / np.maximum(tp + fp, 1)
        return np.asarray(gains, dtype=np.float64)


@dataclass(frozen=True)
class Point:
    """A threshold and what it does, out-of-fold.

    Attributes
    ----------
    threshold : float
        On the logit; above it a row is predicted positive.
    counts : Counts
    value : float
        The rule's other half, to be maximised: `goal`. Below 0: a floor that is not met, by so much.
    reached : bool
        Whether what was asked holds, with confidence where that was asked.
    """

    threshold: float
    counts: Counts
    value: float
    reached: bool


@dataclass(frozen=True)
class Ranking:
    """The rows of one column of logits by falling logit.

    Attributes
    ----------
    order : (rows,) int
    places : (points,) int
        Rows predicted positive at each threshold there is: none first, all last.
    thresholds : (points,) float
    """

    order: NDArray[np.int64]
    places: NDArray[np.int64]
    thresholds: NDArray[np.float64]

    @classmethod
    def of(cls, logits: NDArray[np.floating]) -> "Ranking":
        """Rank logits, (rows,)."""
        order = np.argsort(-logits, kind="stable")
        falling = logits[order]
        ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))
        distinct = falling[ends]
        between = np.minimum((distinct[:-1] + distinct[1:]) / 2, np.nextafter(distinct[:-1], -np.inf))
        last = np.nextafter(distinct[-1:], -np.inf)
        return cls(order, np.append(0, ends + 1), np.concatenate([distinct[:1], between, last]).astype(float))

    def sums(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum weights, (rows, resamples), over the rows above each threshold: (points, resamples)."""
        total = np.zeros((len(weights) + 1, weights.shape[1]), np.float32)
        np.cumsum(weights[self.order], axis=0, out=total[1:])
        return total if len(self.places) == len(total) else total[self.places]


def best_threshold(
    asked: Wanted, tp: NDArray[np.floating], called: NDArray[np.floating], rows: float, *, margin: float = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Find the threshold that the rule picks, in each resample.

    Parameters
    ----------
    asked : Wanted
    tp, called : (points, resamples)
        From no row predicted positive to all.
    rows : float
        Of the table: what a `top` of so many rows is a share of.
    margin : float
        Standard errors by which a floor must be exceeded, where it shall hold with confidence.

    Returns
    -------
    point, value, met : (resamples,)
    """
    every, positives, total = np.arange(tp.shape[1]), tp[-1], called[-1]
    if asked.kind == "recall":
        point = np.argmax(_exceeds(asked, tp, called, margin), axis=0)
        met = point < len(tp) - 1  # by predicting all rows positive, any floor is
    elif asked.kind == "precision":
        enough = called >= np.minimum(LEAST_CALLED, total)
        holds = enough & _exceeds(asked, tp, called, margin)
        met = holds.any(axis=0)
        precision = np.where(enough, tp / np.maximum(called, 1), -1)
        point = np.where(met, len(tp) - 1 - np.argmax(holds[::-1], axis=0), np.argmax(precision, axis=0))
        reach = precision[point, every] - asked.value
        return point, np.where(met, tp[point, every] / positives, reach).astype(float), met
    elif asked.kind == "top":
        share = asked.value / rows if asked.value >= 1 else asked.value
        within = called <= share * total * (1 + SLACK)
        point = len(tp) - 1 - np.argmax(within[::-1], axis=0)
        met = point > 0
    else:
        cost = asked.value * (positives - tp) + (called - tp)
        point = np.argmin(cost, axis=0)
        blanket = np.minimum(asked.value * positives, total - positives)
        return point, 1 - cost[point, every].astype(float) / blanket, np.full(every.shape, True)
    value = tp[point, every] / np.maximum(called[point, every], 1)
    return point, value.astype(float), met


def _exceeds(asked: Wanted, tp: NDArray[np.floating], called: NDArray[np.floating], margin: float) -> NDArray[np.bool_]:
    """Check at which points a floor is exceeded by so many standard errors, (points, resamples)."""
    met: NDArray[np.bool_] = tp >= asked.value * (tp[-1] if asked.kind == "recall" else called) * (1 - SLACK)
    if margin == 0:
        return met
    over, error = excess(asked, tp, called)
    met = over >= margin * error - SLACK
    if asked.kind == "recall":
        met[-1] = True
    return met


def excess(
    asked: Wanted, tp: NDArray[np.floating], called: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute how many positives a floor is exceeded by, and the standard error of that over tables of as many rows.

    Rows count as drawn singly, within classes.

    Parameters
    ----------
    asked : Wanted
        A floor on recall or precision.
    tp, called : (points, resamples)
        From no row predicted positive to all.
    """
    hits, positives = tp.astype(float), tp[-1].astype(float)
    spread = hits * (1 - hits / positives)
    if asked.kind == "recall":
        return hits - asked.value * positives, np.sqrt(spread)
    false, negatives = called - hits, (called - hits)[-1]
    keep, pay = 1 - asked.value, asked.value
    spread_of_false = false * (1 - false / np.maximum(negatives, 1))
    return keep * hits - pay * false, np.sqrt(keep**2 * spread + pay**2 * spread_of_false)


def find_point(
    asked: Wanted, y: ArrayLike, units: ArrayLike, logits: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0
) -> Point:
    """Find the threshold that meets what was asked, on out-of-fold logits; with `confidence`, one that holds it.

    Parameters
    ----------
    asked : Wanted
    y : (rows,) of bool or 0 and 1, both occurring
    units : (rows,) of int
        Row groups that are resampled together.
    logits : (rows,)
    resamples : int
        For the confidence.
    seed : int

    Examples
    --------
    >>> y, logits = [0, 0, 0, 1, 0, 1], [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
    >>> find_point(Wanted("recall", 0.5), y, range(6), logits)
    Point(threshold=1.5, counts=Counts(tp=1, fp=0, fn=1, tn=4), value=1.0, reached=True)
    >>> find_point(Wanted("cost", 5.0), y, range(6), logits).counts
    Counts(tp=2, fp=1, fn=0, tn=3)
    """
    labels = check_labels(y, both=True)
    scores = check_logits(logits, "logits", (labels.size,))
    ranking = Ranking.of(scores)
    ones = np.ones((labels.size, 1), np.float32)
    tp, called = ranking.sums(ones * labels[:, None]), ranking.sums(ones)
    points, values, met = best_threshold(asked, tp, called, labels.size)
    point, value, reached = int(points[0]), float(values[0]), bool(met[0])
    if asked.confidence is not None:
        ids = check_units(units, labels.size)
        point, reached = _confident(asked, labels, ids, ranking, called[:, 0], resamples, seed)
        r1, p1 = float(tp[point, 0] / labels.sum()), float(tp[point, 0] / max(called[point, 0], 1.0))
        value = p1 if asked.kind == "recall" else r1 if reached else p1 - asked.value
    threshold = float(ranking.thresholds[point])
    return Point(threshold, Counts.of(labels, scores > threshold), value, reached)


def _confident(
    asked: Wanted,
    y: NDArray[np.bool_],
    units: NDArray[np.int64],
    ranking: Ranking,
    called: NDArray[np.floating],
    resamples: int,
    seed: int,
) -> tuple[int, bool]:
    """Find the threshold at which a floor holds in a share `confidence` of the resamples, and whether there is one.

    A recall that only predicting all rows positive has is beyond reach.
    """
    share, wanted = asked.confidence or 0.0, np.zeros(len(called))
    for weights in draws(y, units, resamples, np.random.default_rng([seed, 11])):
        tp = ranking.sums(weights * y[:, None])
        if asked.kind == "recall":
            holds = tp >= asked.value * tp[-1] * (1 - SLACK)
        else:
            holds = tp >= asked.value * ranking.sums(weights) * (1 - SLACK)
        wanted += holds.sum(axis=1)
    wanted /= resamples
    if asked.kind == "recall":
        point = int(np.argmax(wanted >= share))
        return point, point < len(wanted) - 1
    enough = np.where(called >= min(LEAST_CALLED, called[-1]), wanted, -1)
    holds = enough >= share
    return int(np.flatnonzero(holds)[-1] if holds.any() else np.argmax(enough)), bool(holds.any())


def draws(
    y: NDArray[np.bool_], units: NDArray[np.int64], resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """Draw row groups as `row_draws` does, in blocks (rows, resamples) that suit sums along ranked rows."""
    for block in row_draws(y.astype(int), units, resamples, rng):
        for at in range(0, len(block), AT_ONCE):
            yield np.ascontiguousarray(block[at : at + AT_ONCE].T, dtype=np.float32)


def share_met(
    asked: Wanted, y: ArrayLike, units: ArrayLike, logits: ArrayLike, threshold: float, *, seed: int = 0
) -> float:
    """Compute the share of resamples of row groups in which what was asked holds at a threshold.

    Of `top`: that no more rows are predicted positive than asked for. Of `cost`: that it costs less than predicting no
    row positive and than predicting all.
    """
    labels = check_labels(y, both=True)
    called = check_logits(logits, "logits", (labels.size,)) > threshold
    sums = resampled_sums(
        tally(labels, check_units(units, labels.size), called[:, None]), RESAMPLES, np.random.default_rng([seed, 12])
    )
    counts = counts_of(sums)[:, 0]
    tp, fp, fn, tn = counts.T
    if asked.kind == "recall":
        holds = tp >= asked.value * (tp + fn) * (1 - SLACK)
    elif asked.kind == "precision":
        holds = (tp + fp > 0) & (tp >= asked.value * (tp + fp) * (1 - SLACK))
    elif asked.kind == "top":
        share = asked.value / labels.size if asked.value >= 1 else asked.value
        holds = tp + fp <= share * counts.sum(axis=1) * (1 + SLACK)
    else:
        holds = asked.value * fn + fp < np.minimum(asked.value * (tp + fn), fp + tn)
    return float(holds.mean())


def highest(kind: str, y: ArrayLike, logits: ArrayLike) -> Counts:
    """Count at the threshold of the highest precision with at least 10 rows predicted positive, or highest recall.

    Of recall: the highest threshold that has it, with some row predicted negative.

    Examples
    --------
    >>> highest("recall", [0, 0, 1, 0, 1], [-2.0, 0.0, 1.0, 2.0, 3.0])
    Counts(tp=2, fp=1, fn=0, tn=2)
    """
    labels = check_labels(y, both=True)
    if kind == "precision":
        return find_point(Wanted("precision", 1.0), labels, np.arange(labels.size), logits).counts
    scores = check_logits(logits, "logits", (labels.size,))
    ranking = Ranking.of(scores)
    found = np.append(0, np.cumsum(labels[ranking.order]))[ranking.places[:-1]]
    return Counts.of(labels, scores > ranking.thresholds[np.argmax(found)])
