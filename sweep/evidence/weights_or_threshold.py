"""Class weights against a moved threshold, each chosen on other rows than those that score it."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sweep.document import key
from sweep.evidence.baselines import Decision
from sweep.statistics.bootstrap import RESAMPLES, interval, row_draws, thinned
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import score
from sweep.statistics.reached import locate
from sweep.validation import count_folds

ALIKE = 0.03  # "no different" only where the interval of the difference lies within +- this
AT_FIRST = 3  # rows per positive, among which the threshold is looked for first

Finding = Literal["weights", "cut", "no different", "not told apart"]


@dataclass(frozen=True)
class WeightsOrThreshold:
    """Class weights and a moved threshold, compared in min(P1, R1), both at FP = FN.

    Attributes
    ----------
    weights, threshold : Decision
    difference, low, high : float
        Weights less threshold, with its 95 % interval.
    finding : str
        Which did better; "cut" stands for the moved threshold.
    says : str
        The sentence of the verdict.
    """

    weights: Decision
    threshold: Decision = field(metadata=key("cut"))
    difference: float
    low: float
    high: float
    finding: Finding
    says: str = ""


def compare_weights_and_threshold(
    y: NDArray[np.integer],
    units: NDArray[np.integer],
    fold_of_row: NDArray[np.integer],
    curve: NDArray[np.floating],
    log_ratio: NDArray[np.float64],
    unweighted: NDArray[np.floating],
    *,
    seed: int,
) -> WeightsOrThreshold:
    """Compare the balanced network with the unweighted one at a moved threshold, both at FP = FN, in min(P1, R1).

    For each fold, the balance of the one and the threshold of the other are chosen on the other folds' out-of-fold
    logits and applied to it. The interval of the difference: each resample draws row groups, chooses both on those
    drawn and scores both on those left out. As about 37 % of the groups are left out, it errs on the long side.

    Not fully nested: the other folds' logits come from networks that were trained on this fold. And the network was
    picked under weighting, which favours the weights.

    Parameters
    ----------
    y : (rows,) of 0 and 1
    units, fold_of_row : (rows,) of int
    curve : (rows, balances)
        Mean out-of-fold logits along the balance curve.
    log_ratio : (balances,)
        log(w1 / w0).
    unweighted : (rows,)
        Mean out-of-fold logits of the same network at most = 0.5.
    seed : int
    """
    labels = (y == 1).astype(float)
    decided = curve > 0
    everything = np.ones((1, len(y)))
    found = _counts(labels, fold_of_row, decided, log_ratio, unweighted, everything, everything)[:, 0]
    differences = []
    some, times = thinned(y, units, unweighted, seed=seed)
    of_some = labels[some], fold_of_row[some], decided[some], log_ratio, unweighted[some]
    for block in row_draws(y[some], units[some], RESAMPLES, np.random.default_rng([seed, 7])):
        weights, threshold = score(_counts(*of_some, block * times, (block == 0) * times), "ratio")
        differences.append(weights - threshold)
    scores = score(found, "ratio")
    difference = float(scores[0] - scores[1])
    low, high = interval(np.concatenate(differences), around=difference)
    return WeightsOrThreshold(
        weights=Decision(Counts.from_array(found[0]), float(scores[0])),
        threshold=Decision(Counts.from_array(found[1]), float(scores[1])),
        difference=difference,
        low=low,
        high=high,
        finding=judge(low, high),
    )


def judge(low: float, high: float) -> Finding:
    """Judge the difference by its interval.

    Examples
    --------
    >>> [judge(*ends) for ends in ((0.01, 0.1), (-0.1, -0.01), (-0.02, 0.03), (-0.1, 0.1))]
    ['weights', 'cut', 'no different', 'not told apart']
    """
    if max(-low, high) <= ALIKE:
        return "no different"
    return "weights" if low > 0 else "cut" if high < 0 else "not told apart"


def _counts(
    labels: NDArray[np.float64],
    fold_of_row: NDArray[np.integer],
    decided: NDArray[np.bool_],
    log_ratio: NDArray[np.float64],
    unweighted: NDArray[np.floating],
    chosen_on: NDArray[np.float64],
    scored_on: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Count the weights and the threshold, (2, resamples, 4); rows weigh as in the last two, (resamples, rows)."""
    total = np.zeros((2, len(chosen_on), 4))
    for fold in range(count_folds(fold_of_row)):
        here = fold_of_row == fold
        others = chosen_on[:, ~here]
        balance = _balance(log_ratio, _tables(labels[~here], decided[~here], others))
        threshold = _threshold(labels[~here], unweighted[~here], others)
        mine = scored_on[:, here]
        tables = _tables(labels[here], decided[here], mine)
        total[0] += tables[np.arange(len(balance)), balance]
        called = unweighted[here] > threshold[:, None]
        tp, fp = ((mine * called) * labels[here]).sum(axis=1), ((mine * called) * (1 - labels[here])).sum(axis=1)
        positives, negatives = mine @ labels[here], mine @ (1 - labels[here])
        total[1] += np.stack([tp, fp, positives - tp, negatives - fp], axis=1)
    return total


def _tables(
    labels: NDArray[np.float64], called: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count each balance in each resample, (resamples, balances, 4)."""
    tp = weights @ (called * labels[:, None])
    fp = weights @ (called * (1 - labels)[:, None])
    positives, negatives = (weights @ labels)[:, None], (weights @ (1 - labels))[:, None]
    return np.stack([tp, fp, positives - tp, negatives - fp], axis=-1)


def _balance(log_ratio: NDArray[np.float64], tables: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the balance nearest to where FP = FN, in each resample; the nearest end where that lies outside."""
    position = locate(log_ratio, tables, "ratio")
    position = np.clip(np.where(np.isnan(position), np.inf, position), log_ratio.min(), log_ratio.max())
    nearest: NDArray[np.int64] = np.argmin(np.abs(log_ratio - position[:, None]), axis=1)
    return nearest


def _threshold(
    labels: NDArray[np.float64], logits: NDArray[np.floating], weights: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Find the threshold that predicts as many rows positive as are, in each resample: halfway between two logits."""
    order = np.argsort(-logits, kind="stable")
    falling = logits[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    wanted, taken = weights @ labels, AT_FIRST * (1 + np.count_nonzero(labels))
    while True:  # most rows lie beyond the threshold of every resample
        near = ends[: 1 + np.searchsorted(ends, taken)]
        called = np.cumsum(weights[:, order[: near[-1] + 1]], axis=1)[:, near]
        if len(near) == len(ends) or (called[:, -1] >= wanted).all():
            break
        taken *= 2
    called = np.pad(called, ((0, 0), (1, 0)))  # none first
    last = np.argmin(np.abs(called - wanted[:, None]), axis=1)
    values = np.concatenate([falling[:1] + 2.0, falling[ends], falling[-1:] - 2.0], dtype=float)
    halfway: NDArray[np.floating] = (values[last] + values[last + 1]) / 2
    return halfway
