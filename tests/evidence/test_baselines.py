"""The baselines: scored as they are, and fitted on the rows of the other folds alone."""

import numpy as np
import pytest

from sweep.data.folds import fold_of_row
from sweep.evidence import baselines
from sweep.evidence.baselines import Decision, compare_baselines, estimate_score
from sweep.evidence.learning_curve import decide_by_other_folds
from sweep.search.setup import TrialSetup
from sweep.statistics import bootstrap
from sweep.statistics.bootstrap import row_draws
from sweep.statistics.confusion import Counts


def test_baselines_are_scored_as_they_are() -> None:
    y = np.repeat([0, 1], [200, 50])
    X = np.column_stack([np.where(np.arange(250) % 7 == 0, np.nan, y + 0.0), np.full(250, np.nan), np.ones(250)])
    units = np.arange(250)
    setup = TrialSetup(y, fold_of_row(y, units, 5, 0), units, 1, 2, 64, "precision", 0)
    found = compare_baselines(X, setup, 0.8, np.where(y == 1, 1.0, -1.0))
    assert found.nobody == Decision(Counts(tp=0, fp=0, fn=50, tn=200), 0.0), "a decision for no row is miscounted"
    assert found.everybody == Decision(Counts(tp=50, fp=200, fn=0, tn=0), 0.2), "a decision for every row is miscounted"
    regression = found.logistic_regression
    assert regression.score > 0.8, "gaps or empty columns spoil a feature that says it all"
    assert regression.against.score.value >= 0, "the perfect network lost against the regression"


def test_the_regression_learns_nothing_from_held_out_rows() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [200, 50])
    units = np.arange(250)
    X = rng.normal(size=(250, 2)) + np.outer(y, [1, 0])
    folds = fold_of_row(y, units, 2, 0)
    spoilt = np.where((folds == 1)[:, None], 1e6, X)
    setup = TrialSetup(y, folds, units, 1, 2, 64, "precision", 0)
    clean, dirty = (compare_baselines(x, setup, 0.8, np.zeros(250) + y).logistic_regression for x in (X, spoilt))
    assert clean.counts != dirty.counts, "the fold that trains on the spoilt rows must change"


def test_the_regression_has_the_rows_and_weights_of_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, it would be fitted on a million rows where the networks are not, or balanced by other weights."""
    rng = np.random.default_rng(0)
    y = (np.arange(600) < 40).astype(int)
    X = rng.normal(size=(600, 2)) + np.outer(y, [2, 0])
    units, folds = np.arange(600), fold_of_row(y, np.arange(600), 3, 0)
    sample = (y == 1) | (np.arange(600) % 4 == 0)
    setup = TrialSetup(y, folds, units, 1, 2, 64, "precision", 0, sample=sample)
    fitted: list[tuple[np.ndarray, np.ndarray]] = []
    plain = baselines.regression

    class Recorded:
        def fit(self, X: np.ndarray, labels: np.ndarray, logisticregression__sample_weight: np.ndarray) -> object:
            fitted.append((labels, logisticregression__sample_weight))
            return plain().fit(X, labels, logisticregression__sample_weight=logisticregression__sample_weight)

    monkeypatch.setattr(baselines, "regression", Recorded)
    compare_baselines(X, setup, 0.8, np.zeros(600) + y)
    design = setup.cross_validation([0.8])
    for fold, (labels, weights) in enumerate(fitted):
        live = design.W[:, fold] > 0
        np.testing.assert_array_equal(labels, design.Y[live, fold])
        np.testing.assert_allclose(weights, design.W[live, fold], rtol=1e-6)


def test_the_interval_of_a_score_draws_row_groups_that_are_alike_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, boosting's interval on a million rows would draw each of them five hundred times."""
    y = (np.arange(4000) < 100).astype(int)
    logits = np.random.default_rng(0).normal(size=4000) + 3 * y
    units = np.arange(4000)
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 2, 64, "precision", 0)
    called = decide_by_other_folds(logits, y, setup.fold_of_row)
    drawn = np.concatenate(
        [baselines._score(y, called, block) for block in row_draws(y, units, 500, np.random.default_rng(0))]
    )
    kinds: list[int] = []
    plain = bootstrap.alike

    def counted(tallies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kinds.append(len(plain(tallies)[0]))
        return plain(tallies)

    monkeypatch.setattr(bootstrap, "alike", counted)
    found = estimate_score(setup, logits)
    assert kinds == [4], "a row is positive or not, and predicted so or not"
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, bootstrap.TAILS), atol=0.02)
