"""Weights against the cut, the size of a test, calibration, simple things: exact small cases and laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sweep.class_weight import balance_grid, weight_ratio
from sweep.data.folds import fold_of_row
from sweep.evidence.baselines import simple
from sweep.evidence.test_size import at_recall, needed, sizing
from sweep.evidence.weights_or_threshold import weights_or_cut
from sweep.evidence.wording import sentences
from sweep.search.setup import TrialSetup
from sweep.statistics.calibration import bins, calibration, fit_line, undone
from sweep.statistics.confusion import Counts


def normal(negatives=900, positives=100, apart=2.0, seed=0):
    """Labels and their true log-odds, of two normal classes."""
    y = np.repeat([0, 1], [negatives, positives])
    score = np.random.default_rng(seed).normal(size=len(y)) + apart * y
    return y, apart * score - apart**2 / 2 + np.log(positives / negatives)


def compared(y, odds, curve_odds, seed=0):
    units = np.arange(len(y))
    ratio = np.log(weight_ratio(balance_grid(float(y.mean()), 21), float(y.mean())))
    folds = fold_of_row(y, units, 5, 0)
    return weights_or_cut(y, units, folds, curve_odds[:, None] + ratio, ratio, odds, seed=seed)


def test_weights_that_only_shift_the_logits_are_no_better_than_the_cut():
    y, odds = normal(9000, 1000)
    found = compared(y, odds, odds)
    assert abs(found["difference"]) < 0.01, "a shift of all logits is a cut: the two must agree but for the grid"
    assert found["low"] <= 0 <= found["high"], "no difference is taken for one"
    for kind in ("weights", "cut"):
        counts = Counts(**found[kind]["counts"])
        assert counts.rows == 10000, "rows were lost, or counted twice"
        assert abs(counts.fp - counts.fn) < 60, "the choice on the other folds is not FP = FN"


def test_a_network_that_tells_no_rows_apart_calls_nobody_by_the_cut():
    """All rows would be called, as one: nobody is nearer to FP = FN, and so says the moved cut of the result."""
    y = np.repeat([0, 1], [380, 20])
    found = compared(y, np.full(400, -2.9), np.full(400, -2.9))
    assert found["cut"]["counts"] == {"tp": 0, "fp": 0, "fn": 20, "tn": 380}
    assert found["finding"] == "no different"


def test_a_better_network_under_weights_is_seen():
    y, odds = normal(1800, 200, apart=3.0)
    poor = odds + 6 * np.random.default_rng(1).normal(size=len(y))
    assert compared(y, poor, odds)["finding"] == "weights", "weights that help a lot are not told from the cut"
    assert compared(y, odds, poor)["finding"] == "cut", "weights that harm a lot are not told from the cut"


@given(st.floats(0, 1))
def test_the_positives_needed_are_enough_and_one_fewer_are_not(recall):
    n = needed(recall)

    def longest(positives):
        ends = [at_recall(k / positives, positives) for k in (int(recall * positives), -int(-recall * positives // 1))]
        return max(high - low for low, high in ends)

    assert longest(n) <= 0.2 + 1e-9, "a test of the size named is not sure to plus or minus 0.1"
    assert longest(n - 1) > 0.2 - 1e-9, "a smaller test would do"


def test_other_prevalence_gives_the_precision_it_implies():
    counts = Counts(tp=60, fp=40, fn=40, tn=2299)  # 4.1 %, R1 = P1 = .6
    found = sizing(counts, positives=12, share=0.02)
    assert found["precision"] == pytest.approx(0.42, abs=0.01), "expecting the training precision there would alarm"
    assert found["interval"][0] < 0.35, "12 positives cannot be so sure"
    assert found["interval"][1] > 0.8, "12 positives cannot be so sure"
    assert sizing(counts, positives=None, share=None)["interval"] is None, "a test table is made up"


def calibrated(y, logits, most=0.5):
    units = np.arange(len(y))
    return calibration(y, units, fold_of_row(y, units, 3, 0), logits, most, seed=0)


def test_true_odds_are_left_as_they_are():
    y, odds = normal(4000, 400)
    found = calibrated(y, odds)
    for name in ("total", "slope"):
        assert found[name]["low"] <= 1 <= found[name]["high"], "true probabilities are found wrong"
    assert found["export"] is None, "true probabilities would be changed on delivery"


def test_odds_that_are_too_sure_get_their_slope():
    y, odds = normal(4000, 400)
    found = calibrated(y, 2 * odds)
    assert found["slope"]["value"] == pytest.approx(0.5, abs=0.1), "twice the log-odds must have slope one half"
    assert found["export"] == pytest.approx(fit_line(y.astype(float), 2 * odds, np.ones((1, len(y))))[0]), (
        "other export"
    )
    mended = expit(found["export"][0] + found["export"][1] * 2 * odds)
    assert mended.sum() == pytest.approx(y.sum(), rel=1e-6), "the mended probabilities do not sum to the positives"


def test_the_line_is_the_likeliest_where_most_rows_are_alike_and_few_stand_far_out():
    """A step past the maximum would end at some other line: a slope of 1.5 for 0.8, and probabilities bent by it."""
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(-4.5, 0.8, 8800), rng.normal(1.0, 2.0, 400)])
    labels = (rng.random(9200) < np.where(np.arange(9200) < 8800, 0.02, 0.55)).astype(float)
    weights = np.stack([np.ones(9200), rng.multinomial(9200, np.full(9200, 1 / 9200)).astype(float)])
    for start in (None, np.array([3.5, 1.5]), np.array([0.0, 0.0])):
        for line, counts in zip(fit_line(labels, odds, weights, start=start), weights, strict=True):
            found = LogisticRegression(C=1e9, tol=1e-8).fit(odds[:, None], labels, sample_weight=counts)
            np.testing.assert_allclose(line, [found.intercept_[0], found.coef_[0, 0]], atol=2e-3)


def test_the_line_is_the_likeliest_where_many_rows_are_far_from_all_others():
    """A step that is bent on the way may lead nowhere: a slope of 0.07 for 0.56 made sure probabilities of doubtful."""
    rng = np.random.default_rng(1)
    odds = np.concatenate([rng.uniform(-350, -10, 1100), rng.normal(-3, 2, 40), rng.normal(4, 3, 40)])
    labels = np.repeat([0.0, 1.0], [1140, 40])
    fitted = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(odds[:, None], labels)
    (line,) = fit_line(labels, odds, np.ones((1, 1180)))
    np.testing.assert_allclose(line, [fitted.intercept_[0], fitted.coef_[0, 0]], rtol=1e-3)


def test_the_line_is_that_of_the_rows_in_doubt_however_far_the_bulk_is():
    """A fit that measures from the middle of all rows would say that there is no line, and mend nothing."""
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


def test_weights_are_undone_by_the_ratio_of_the_rows_trained_on():
    y, odds = normal(800, 100)
    folds = fold_of_row(y, np.arange(900), 3, 0)
    shares = np.array([y[folds != k].mean() for k in range(3)])[folds]
    weighted = odds + np.log([weight_ratio(0.8, share) for share in shares])
    assert np.allclose(undone(y, folds, weighted, 0.8), odds), "weights are undone by another ratio than they had"


def test_classes_that_hardly_overlap_have_their_sum_mended_and_it_is_said(evidence):
    """A slope without an interval would go out, and the report would say that nothing did."""
    rng = np.random.default_rng(2)
    y = np.repeat([1, 0], [12, 400])
    odds = np.concatenate([rng.normal(2, 1.5, 12), rng.normal(-5, 1.5, 400)])
    found = calibrated(y, odds)
    assert found["slope"]["value"] is None
    shift, slope = found["export"]
    assert slope == 1
    assert expit(shift + odds).sum() == pytest.approx(12)
    said = [sentences({**evidence(), "calibration": c})["calibration"] for c in (found, {**found, "export": None})]
    assert said[0].endswith("An interval excludes 1: an intercept fitted out-of-fold goes out with the probability.")
    assert said[1].endswith("both should be 1. The probability goes out as it is.")


def test_resamples_of_groups_may_lack_a_class():
    """Of groups that all hold a positive some draws hold nothing else: a study over patients would end in an error."""
    y, units = np.append(np.tile([1, 0], 3), np.ones(30, int)), np.append(np.repeat(np.arange(3), 2), np.arange(3, 33))
    odds = np.random.default_rng(0).normal(size=36)
    assert calibration(y, units, units % 3, odds, 0.6, seed=0)["slope"]["value"] is None


def test_separated_classes_have_no_slope_and_a_reversed_one_is_not_exported():
    y = np.repeat([0, 1], [200, 50])
    apart = calibrated(y, np.where(y == 1, 5.0, -5.0) + np.linspace(-0.1, 0.1, 250))
    assert apart["slope"] == {"value": None, "low": None, "high": None}, "an infinite slope is given a number"
    y, odds = normal(2000, 300)
    intercept, slope = calibrated(y, -odds)["export"]
    assert slope == 0, "delivery would turn the ranking round"
    assert expit(intercept) == pytest.approx(y.mean()), "without slope the probability must be the share of positives"


@given(st.integers(1, 300), st.integers(1, 300))
def test_bins_hold_every_row_once_and_are_few_where_positives_are(negatives, positives):
    labels = np.repeat([0.0, 1.0], [negatives, positives])
    found = bins(labels, np.linspace(-3, 3, len(labels)))
    assert sum(b["rows"] for b in found) == len(labels), "a row is in no bin, or in two"
    assert sum(b["rows"] * b["share"] for b in found) == pytest.approx(positives), "positives went astray"
    assert len(found) <= (10 if positives >= 100 else 5), "more bins than the positives bear"


def test_simple_things_are_scored_as_they_are():
    y = np.repeat([0, 1], [200, 50])
    X = np.column_stack([np.where(np.arange(250) % 7 == 0, np.nan, y + 0.0), np.full(250, np.nan), np.ones(250)])
    units = np.arange(250)
    setup = TrialSetup(y, fold_of_row(y, units, 5, 0), units, 1, 2, 64, "precision", 0)
    found = simple(X, setup, 0.8, np.where(y == 1, 1.0, -1.0))
    assert found["nobody"] == {"counts": {"tp": 0, "fp": 0, "fn": 50, "tn": 200}, "score": 0.0}, "calling nobody"
    assert found["everybody"] == {"counts": {"tp": 50, "fp": 200, "fn": 0, "tn": 0}, "score": 0.2}, "calling everybody"
    regression = found["logistic_regression"]
    assert regression["score"] > 0.8, "gaps or empty columns spoil a feature that says it all"
    assert regression["against"]["score"]["value"] >= 0, "the perfect network lost against the regression"


def test_the_regression_learns_nothing_from_held_out_rows():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [200, 50])
    units = np.arange(250)
    X = rng.normal(size=(250, 2)) + np.outer(y, [1, 0])
    folds = fold_of_row(y, units, 2, 0)
    spoilt = np.where((folds == 1)[:, None], 1e6, X)
    clean, dirty = (
        simple(x, TrialSetup(y, folds, units, 1, 2, 64, "precision", 0), 0.8, np.zeros(250) + y)["logistic_regression"]
        for x in (X, spoilt)
    )
    assert clean["counts"] != dirty["counts"], "the fold that trains on the spoilt rows must change"
