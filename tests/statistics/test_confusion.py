"""Counts, rates and intervals: by hand, against scikit-learn, and as laws."""

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from sweep.statistics.confusion import (
    Counts,
    average_precision,
    count,
    precision_at_prevalence,
    precision_recall_points,
    proportion_interval,
    rates,
)

CELL = st.integers(0, 300)
TABLES = st.builds(Counts, tp=CELL, fp=CELL, fn=CELL, tn=CELL)


def test_counts_by_hand() -> None:
    """If it failed, a cell of the confusion table would stand for another one."""
    counts = Counts.of([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0])
    assert counts == Counts(tp=2, fp=1, fn=1, tn=4)
    assert (counts.rows, counts.positives, counts.negatives, counts.called) == (8, 3, 5, 3)
    assert counts.precision == (4 / 5, 2 / 3)
    assert counts.recall == (4 / 5, 2 / 3)
    assert counts.to_dict() == {"tp": 2, "fp": 1, "fn": 1, "tn": 4}


def test_a_class_never_called_has_no_precision() -> None:
    """If it failed, an undefined precision would be shown as 0 or 1."""
    silent = Counts(tp=0, fp=0, fn=3, tn=7)
    assert silent.precision == (0.7, None)
    assert silent.intervals()["P1"] is None
    assert np.isnan(rates([0, 0, 3, 7])[1])


@given(TABLES)
def test_rates_of_one_table_and_of_many_agree(counts: Counts) -> None:
    """If it failed, the curve and the report would compute the same rate differently."""
    one = [np.nan if rate is None else rate for rate in (*counts.precision, *counts.recall)]
    np.testing.assert_allclose(rates([[counts.tp, counts.fp, counts.fn, counts.tn]])[0], one)


@given(TABLES)
def test_swapping_the_classes_swaps_the_pairs(counts: Counts) -> None:
    """If it failed, class 0 would be measured by another formula than class 1."""
    swapped = Counts(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    assert swapped.precision == counts.precision[::-1]
    assert swapped.recall == counts.recall[::-1]


@given(st.integers(0, 2**32 - 1))
def test_counting_agrees_with_scikit_learn(seed: int) -> None:
    """If it failed, many decisions counted at once would not be what each gives alone."""
    rng = np.random.default_rng(seed)
    y, called = rng.random(30) < 0.3, rng.random((30, 3)) < 0.4
    for column, cells in zip(called.T, count(y, called), strict=True):
        (tn, fp), (fn, tp) = confusion_matrix(y, column, labels=[False, True])
        assert cells.tolist() == [tp, fp, fn, tn]
        assert Counts.of(y, column) == Counts.from_array(cells)


def test_the_interval_is_exact() -> None:
    """If it failed, 3 of 12 found would look surer, or less sure, than it is."""
    assert proportion_interval(3, 12) == pytest.approx((0.0549, 0.5719), abs=5e-5)  # Clopper-Pearson tables
    assert proportion_interval(0, 0) == (0.0, 1.0)
    assert proportion_interval(0, 12) == pytest.approx((0.0, 1 - 0.025 ** (1 / 12)))
    assert proportion_interval(12, 12) == pytest.approx((0.025 ** (1 / 12), 1.0))


@given(st.integers(1, 60), st.floats(0.02, 0.98))
def test_the_interval_covers_at_least_its_level(n: int, p: float) -> None:
    """If it failed, a 95 % interval would miss the truth in more than 5 % of tables."""
    inside = [low <= p <= high for low, high in (proportion_interval(k, n) for k in range(n + 1))]
    assert sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1) if inside[k]) >= 0.95 - 1e-9


@given(TABLES)
def test_intervals_hold_their_rates(counts: Counts) -> None:
    """If it failed, a rate would be printed outside its own interval."""
    for rate, interval in zip((*counts.precision, *counts.recall), counts.intervals().values(), strict=True):
        assert (rate is None) == (interval is None)
        if rate is not None and interval is not None:
            assert interval[0] <= rate <= interval[1]


def test_average_precision_is_scikit_learns_and_undefined_without_positives() -> None:
    """If it failed, a fold without a positive would score 0, or stop the run with a warning."""
    rng = np.random.default_rng(0)
    y, logits = rng.random(200) < 0.2, rng.standard_normal(200).round(1)
    assert average_precision(y, logits) == average_precision_score(y, logits)
    assert average_precision([0, 0], [1.0, 2.0]) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_are_what_their_cuts_give(dtype: type) -> None:
    """If it failed, a point of a precision-recall picture could not be had at the cut named for it."""
    rng = np.random.default_rng(1)
    y = rng.random(120) < 0.3
    logits: np.ndarray = rng.standard_normal(120).round(1).astype(dtype)
    points = precision_recall_points(y, logits)
    assert len(points.threshold) == len(np.unique(logits))
    for recall, precision, cut in zip(*points, strict=True):
        counts = Counts.of(y, logits > cut)
        assert (counts.precision[1], counts.recall[1]) == (precision, recall)
    precision, recall, _ = precision_recall_curve(y, logits)
    np.testing.assert_allclose(points.precision[::-1], precision[:-1])
    np.testing.assert_allclose(points.recall[::-1], recall[:-1])


@given(TABLES)
def test_at_its_own_share_precision_is_its_own(counts: Counts) -> None:
    """If it failed, what the recalls imply at a test table's share would be off even at the training share."""
    if counts.positives and counts.negatives:
        r0, r1 = counts.recall
        assert r0 is not None
        assert r1 is not None
        implied = precision_at_prevalence(r0, r1, counts.positives / counts.rows)
        for want, got in zip(counts.precision, implied, strict=True):
            assert want is None or got == pytest.approx(want)


def test_precision_falls_with_the_share() -> None:
    """If it failed, a test table with rarer positives would be held to the training table's precision."""
    recall0 = 1 - 0.4 * 380 / 8982  # FP = FN at R1 = 0.6
    implied = [precision_at_prevalence(recall0, 0.6, share)[1] for share in (380 / 9362, 12 / 586, 8 / 582)]
    assert implied == pytest.approx([0.6, 0.43, 0.33], abs=0.005)
    assert precision_at_prevalence(1.0, 0.0, 0.1) == (0.9, None)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Counts.of([[0, 1]], [[0, 1]]), r"y must have shape \(rows,\); got \(1, 2\)"),
        (lambda: Counts.of([0, 2], [0, 1]), "y must hold 0"),
        (lambda: Counts.of([0, 1], [0, 1, 1]), r"called must be 0 or 1, in the shape of y, \(2,\)"),
        (lambda: average_precision([0, 1], [0.0, np.nan]), "logits must be finite"),
        (lambda: average_precision([0, 1], [0.0]), r"logits must have shape \(2,\); got \(1,\)"),
        (lambda: precision_recall_points([0, 0], [0.0, 1.0]), "y must hold a positive"),
        (lambda: proportion_interval(4, 3), "successes must lie in"),
        (lambda: proportion_interval(1, 3, level=1), "level must lie inside"),
        (lambda: precision_at_prevalence(0.9, 1.2, 0.1), "recall1 must lie in"),
    ],
)
def test_errors_name_the_argument(call: Callable[..., Any], message: str) -> None:
    """If it failed, a wrong argument would pass, or the message would not say which one it is."""
    with pytest.raises(ValueError, match=message):
        call()
