"""The baselines: scored as they are, and fitted on the rows of the other folds alone."""

import numpy as np

from sweep.data.folds import fold_of_row
from sweep.evidence.baselines import Decision, compare_baselines
from sweep.search.setup import TrialSetup
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
