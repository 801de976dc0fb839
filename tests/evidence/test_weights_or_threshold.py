"""Weights against the threshold: exact small cases."""

from typing import Any

import numpy as np

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.folds import fold_of_row
from sweep.evidence.weights_or_threshold import _threshold, compare_weights_and_threshold
from sweep.statistics.confusion import Counts


def normal(negatives: int = 900, positives: int = 100, apart: float = 2.0, seed: int = 0) -> Any:
    """Labels and their true log-odds, of two normal classes."""
    y = np.repeat([0, 1], [negatives, positives])
    score = np.random.default_rng(seed).normal(size=len(y)) + apart * y
    return y, apart * score - apart**2 / 2 + np.log(positives / negatives)


def compared(y: Any, odds: Any, curve_odds: Any, seed: int = 0) -> Any:
    units = np.arange(len(y))
    ratio = np.log(weight_ratio(balance_grid(float(y.mean()), 21), float(y.mean())))
    folds = fold_of_row(y, units, 5, 0)
    return compare_weights_and_threshold(y, units, folds, curve_odds[:, None] + ratio, ratio, odds, seed=seed)


def test_weights_that_only_shift_the_logits_are_no_better_than_the_threshold() -> None:
    y, odds = normal(9000, 1000)
    found = compared(y, odds, odds)
    assert abs(found.difference) < 0.01, "a shift of all logits is a threshold: the two must agree but for the grid"
    assert found.low <= 0 <= found.high, "no difference is taken for one"
    for counts in (found.weights.counts, found.threshold.counts):
        assert counts.rows == 10000, "rows were lost, or counted twice"
        assert abs(counts.fp - counts.fn) < 60, "the choice on the other folds is not FP = FN"


def test_a_network_that_tells_no_rows_apart_predicts_no_row_positive_by_the_threshold() -> None:
    """All rows would be predicted positive, as one: none is nearer to FP = FN, and so says the moved threshold."""
    y = np.repeat([0, 1], [380, 20])
    found = compared(y, np.full(400, -2.9), np.full(400, -2.9))
    assert found.threshold.counts == Counts(tp=0, fp=0, fn=20, tn=380)
    assert found.finding == "no different"


def test_a_better_network_under_weights_is_seen() -> None:
    y, odds = normal(1800, 200, apart=3.0)
    poor = odds + 6 * np.random.default_rng(1).normal(size=len(y))
    assert compared(y, poor, odds).finding == "weights", "weights that help a lot are not told from the threshold"
    assert compared(y, odds, poor).finding == "cut", "weights that harm a lot are not told from the threshold"


def test_a_threshold_is_looked_for_among_the_highest_logits(summed: list[int]) -> None:
    """If it failed, each resample of a large table would be summed up to its last row, or end at another threshold."""
    rng = np.random.default_rng(0)
    labels, logits = (np.arange(2000) < 20).astype(float), rng.integers(0, 900, 2000) / 100
    weights = rng.poisson(1.0, (5, 2000)).astype(float)
    summed.clear()
    found = _threshold(labels, logits, weights)
    assert sum(summed) <= 5 * 200
    for threshold, times in zip(found, weights, strict=True):
        halfway = np.append(-np.inf, (np.unique(logits)[1:] + np.unique(logits)[:-1]) / 2)
        called = np.array([times[logits > at].sum() for at in halfway])
        assert abs(times[logits > threshold].sum() - times @ labels) == np.abs(called - times @ labels).min()


def test_a_threshold_beyond_the_highest_logits_is_found() -> None:
    """If it failed, a resample that drew few of the highest rows would end at the wrong threshold."""
    labels, logits = (np.arange(300) < 3).astype(float), np.arange(300.0)
    weights = np.where(logits >= 200, 0.0, 1.0)[None]
    assert _threshold(labels, logits, weights).tolist() == [196.5]
