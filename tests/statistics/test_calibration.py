"""Calibration: the line is the likeliest one, true probabilities stay, and what is undefined is left out."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sweep.class_weight import weight_ratio
from sweep.data.folds import fold_of_row
from sweep.statistics.calibration import Measured, bins, calibration, fit_line, undone
from sweep.validation import ScoredRows


def normal(negatives: int = 900, positives: int = 100, apart: float = 2.0, seed: int = 0) -> Any:
    """Labels and their true log-odds, of two normal classes."""
    y = np.repeat([0, 1], [negatives, positives])
    score = np.random.default_rng(seed).normal(size=len(y)) + apart * y
    return y, apart * score - apart**2 / 2 + np.log(positives / negatives)


def calibrated(y: Any, logits: Any, most: float = 0.5) -> Any:
    units = np.arange(len(y))
    return calibration(ScoredRows.of(y, units, fold_of_row(y, units, 3, 0)), logits, most, seed=0)


def test_true_odds_are_left_as_they_are() -> None:
    y, odds = normal(4000, 400)
    found = calibrated(y, odds)
    for measured in (found.total, found.slope):
        assert measured.low <= 1 <= measured.high, "true probabilities are found wrong"
    assert found.export is None, "true probabilities would be changed on delivery"


def test_odds_that_are_too_sure_get_their_slope() -> None:
    y, odds = normal(4000, 400)
    found = calibrated(y, 2 * odds)
    assert found.slope.value == pytest.approx(0.5, abs=0.1), "twice the log-odds must have slope one half"
    assert found.export == pytest.approx(fit_line(y.astype(float), 2 * odds, np.ones((1, len(y))))[0]), "other export"
    recalibrated = expit(found.export[0] + found.export[1] * 2 * odds)
    assert recalibrated.sum() == pytest.approx(y.sum(), rel=1e-6), "they do not sum to the positives"


def test_the_line_is_the_likeliest_where_most_rows_are_alike_and_few_stand_far_out() -> None:
    """A step past the maximum would end at some other line: a slope of 1.5 for 0.8, and probabilities bent by it."""
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(-4.5, 0.8, 8800), rng.normal(1.0, 2.0, 400)])
    labels = (rng.random(9200) < np.where(np.arange(9200) < 8800, 0.02, 0.55)).astype(float)
    weights = np.stack([np.ones(9200), rng.multinomial(9200, np.full(9200, 1 / 9200)).astype(float)])
    for start in (None, np.array([3.5, 1.5]), np.array([0.0, 0.0])):
        for line, counts in zip(fit_line(labels, odds, weights, start=start), weights, strict=True):
            found = LogisticRegression(C=1e9, tol=1e-8).fit(odds[:, None], labels, sample_weight=counts)
            np.testing.assert_allclose(line, [found.intercept_[0], found.coef_[0, 0]], atol=2e-3)


def test_the_line_is_the_likeliest_where_many_rows_are_far_from_all_others() -> None:
    """A step that is bent on the way may lead nowhere: a slope of 0.07 for 0.56 made sure probabilities of doubtful."""
    rng = np.random.default_rng(1)
    odds = np.concatenate([rng.uniform(-350, -10, 1100), rng.normal(-3, 2, 40), rng.normal(4, 3, 40)])
    labels = np.repeat([0.0, 1.0], [1140, 40])
    fitted = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(odds[:, None], labels)
    (line,) = fit_line(labels, odds, np.ones((1, 1180)))
    np.testing.assert_allclose(line, [fitted.intercept_[0], fitted.coef_[0, 0]], rtol=1e-3)


def test_the_line_is_that_of_the_rows_near_the_boundary_however_far_the_others_are() -> None:
    """A fit that measures from the middle of all rows would say that there is no line, and recalibrate nothing."""
    rng = np.random.default_rng(1)
    doubt = np.concatenate([rng.uniform(1, 3, 12), [-1e-4], rng.uniform(-3, -1, 12), [1e-4]])
    odds, labels = np.append(doubt, np.full(20_000, -1000.0)), np.append(np.ones(13), np.zeros(20_013))
    near, far = (fit_line(labels[:n], odds[:n], np.ones((1, n))) for n in (26, 20_026))
    np.testing.assert_allclose(far, near, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("spread", "slope"), [(0.01, 50), (0.3, 5), (2, 1), (30, 0.1)])
def test_the_line_fits_log_odds_of_any_scale(spread: float, slope: float) -> None:
    """Of a network that hardly spreads its logits the fit would stop half-way, and ship absurd probabilities."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-2, spread, 2000)
    labels = (rng.random(2000) < expit(slope * (odds + 2) - 2)).astype(float)
    intercept, found = fit_line(labels, odds, np.ones((1, 2000)))[0]
    p = expit(intercept + found * odds)
    np.testing.assert_allclose([p.sum(), p @ odds], [labels.sum(), labels @ odds], rtol=1e-6)
    assert found == pytest.approx(slope, rel=0.4)


def test_weights_are_undone_by_the_ratio_of_the_rows_trained_on() -> None:
    y, odds = normal(800, 100)
    folds = fold_of_row(y, np.arange(900), 3, 0)
    shares = np.array([y[folds != k].mean() for k in range(3)])[folds]
    weighted = odds + np.log([weight_ratio(0.8, share) for share in shares])
    rows = ScoredRows.of(y, np.arange(900), folds)
    assert np.allclose(undone(rows, weighted, 0.8), odds), "weights are undone by another ratio than they had"


def test_classes_that_hardly_overlap_have_their_sum_put_right() -> None:
    """A slope without an interval would go out with the probability."""
    rng = np.random.default_rng(2)
    y = np.repeat([1, 0], [12, 400])
    odds = np.concatenate([rng.normal(2, 1.5, 12), rng.normal(-5, 1.5, 400)])
    found = calibrated(y, odds)
    assert found.slope.value is None
    shift, slope = found.export
    assert slope == 1
    assert expit(shift + odds).sum() == pytest.approx(12)


def test_resamples_of_groups_may_lack_a_class() -> None:
    """Of groups that all hold a positive some draws hold nothing else: a study over patients would end in an error."""
    y, units = np.append(np.tile([1, 0], 3), np.ones(30, int)), np.append(np.repeat(np.arange(3), 2), np.arange(3, 33))
    odds = np.random.default_rng(0).normal(size=36)
    assert calibration(ScoredRows.of(y, units, units % 3), odds, 0.6, seed=0).slope.value is None


def test_separated_classes_have_no_slope_and_a_reversed_one_is_not_exported() -> None:
    y = np.repeat([0, 1], [200, 50])
    apart = calibrated(y, np.where(y == 1, 5.0, -5.0) + np.linspace(-0.1, 0.1, 250))
    assert apart.slope == Measured(None, None, None), "an infinite slope is given a number"
    y, odds = normal(2000, 300)
    intercept, slope = calibrated(y, -odds).export
    assert slope == 0, "delivery would turn the ranking round"
    assert expit(intercept) == pytest.approx(y.mean()), "without slope the probability must be the share of positives"


@given(st.integers(1, 300), st.integers(1, 300))
def test_bins_hold_every_row_once_and_are_few_where_positives_are(negatives: int, positives: int) -> None:
    labels = np.repeat([0.0, 1.0], [negatives, positives])
    found = bins(labels, np.linspace(-3, 3, len(labels)))
    assert sum(b.rows for b in found) == len(labels), "a row is in no bin, or in two"
    assert sum(b.rows * b.share for b in found) == pytest.approx(positives), "positives went astray"
    assert len(found) <= (10 if positives >= 100 else 5), "more bins than the positives bear"


def test_some_rows_stand_for_all_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a million rows would take an hour of resampling, or the interval would be another one."""
    rng = np.random.default_rng(3)
    odds = rng.normal(-4.5, 1.5, 20_000)
    y = (rng.random(20_000) < expit(odds)).astype(int)
    rows = ScoredRows.of(y, np.arange(20_000), np.arange(20_000) % 2)
    whole = calibration(rows, odds, 0.5, seed=0)
    monkeypatch.setattr("sweep.statistics.bootstrap.THIN", 6000)
    some = calibration(rows, odds, 0.5, seed=0)
    for a, b in ((whole.total, some.total), (whole.slope, some.slope)):
        assert b.value == pytest.approx(a.value, rel=1e-6)
        assert b.low == pytest.approx(a.low, abs=0.03)
        assert b.high == pytest.approx(a.high, abs=0.03)


def test_one_step_from_the_line_of_all_rows_is_enough_for_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, recalibrating four balances of a large table would take minutes, or find another interval."""
    rng = np.random.default_rng(4)
    y = (np.arange(12_000) < 300).astype(int)
    odds = rng.normal(-5, 1.5, 12_000) + 3 * y
    rows = ScoredRows.of(y, np.arange(12_000), fold_of_row(y, np.arange(12_000), 3, 0))
    monkeypatch.setattr("sweep.statistics.bootstrap.THIN", 6000)
    monkeypatch.setattr("sweep.statistics.calibration.ENOUGH_POSITIVES", 10_000)
    slow = calibration(rows, odds, 0.5, seed=0)
    monkeypatch.setattr("sweep.statistics.calibration.ENOUGH_POSITIVES", 100)
    fitted: list[int] = []

    def counted(labels: Any, odds: Any, weights: Any, **given: Any) -> Any:
        fitted.append(len(weights))
        return fit_line(labels, odds, weights, **given)

    monkeypatch.setattr("sweep.statistics.calibration.fit_line", counted)
    quick = calibration(rows, odds, 0.5, seed=0)
    assert fitted == [1, 1], "a line was fitted from the start in each resample"
    assert quick.total == slow.total
    few, all_of = (np.array([s.value, s.low, s.high], float) for s in (quick.slope, slow.slope))
    np.testing.assert_allclose(few, all_of, atol=0.1 * np.ptp(all_of))
