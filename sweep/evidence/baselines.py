"""The baselines: logistic regression with the same weights, every row and no row predicted positive."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sweep.class_weight import weights_at
from sweep.evidence.learning_curve import decide_by_other_folds
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import (
    RESAMPLES,
    Estimate,
    average_precisions,
    check_units,
    counts_of,
    resampled_sums,
    row_draws,
    tally,
    thinned,
)
from sweep.statistics.confusion import Counts, average_precision
from sweep.statistics.criteria import score

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Decision:
    """Out-of-fold counts of a decision, and their min(P1, R1)."""

    counts: Counts
    score: float

    @classmethod
    def of(cls, counts: Counts) -> "Decision":
        """Score counts."""
        return cls(counts, float(score(counts, "ratio")))


@dataclass(frozen=True)
class Against:
    """The network less a baseline, paired, in min(P1, R1) and average precision."""

    score: Estimate
    average_precision: Estimate


@dataclass(frozen=True)
class Regression:
    """Logistic regression: out-of-fold counts and their score at its own threshold 0.5, and the comparison."""

    counts: Counts
    score: float
    average_precision: float
    against: Against


@dataclass(frozen=True)
class Baselines:
    """What the selected network is held against.

    Attributes
    ----------
    logistic_regression : Regression
    nobody, everybody : Decision
        No row and every row predicted positive.
    says : str
        The sentence of the verdict.
    """

    logistic_regression: Regression
    nobody: Decision
    everybody: Decision
    says: str = ""


def compare_baselines(X: np.ndarray, setup: TrialSetup, most: float, network: np.ndarray) -> Baselines:
    """Compare the selected network with logistic regression and with no model at all.

    The regression has the network's rows, weights and folds; medians, centres and scales are those of each fold's
    training rows. As the same `most` need not balance both, the two are compared at the FP = FN threshold that the
    other folds choose for each, and by average precision.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    most : float
        The balance selected.
    network : array, shape (scored rows,)
        The network's mean out-of-fold logits at that balance.
    """
    rows = setup.scored
    y, logits = rows.y, np.zeros(len(rows.y))
    for fold in range(rows.folds):
        (train, times), here = setup.stand_ins(fold), rows.fold_of_row == fold
        w0, w1 = weights_at(float(rows.trained[fold]), most)
        labels = setup.y[train]
        weights = times * np.where(labels == 1, w1, w0)
        model = regression().fit(X[train], labels, logisticregression__sample_weight=weights)
        logits[here] = model.decision_function(X[rows.index[here]])
    own = Decision.of(Counts.of(y, logits > 0))
    return Baselines(
        logistic_regression=Regression(
            own.counts, own.score, average_precision(y, logits) or 0.0, compare(setup, network, logits)
        ),
        nobody=Decision.of(Counts.of(y, np.zeros(len(y), bool))),
        everybody=Decision.of(Counts.of(y, np.ones(len(y), bool))),
    )


def regression() -> "Pipeline":
    """Build a logistic regression on features filled with the median and standardised where it is fitted."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=2000)
    )


def compare(setup: TrialSetup, network: np.ndarray, other: np.ndarray) -> Against:
    """Estimate the differences, network less other, by a paired bootstrap over row groups.

    Each is decided at the FP = FN threshold that the other folds choose for it, which the resamples keep.

    Parameters
    ----------
    setup : TrialSetup
    network, other : array, shape (scored rows,)
        Out-of-fold logits.
    """
    rows = setup.scored
    y, pair = rows.y, (network, other)
    called = [decide_by_other_folds(z, y, rows.fold_of_row) for z in pair]

    def differences(some: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Score and average precision of some rows in each resample, (2, resamples)."""
        scores = [_score(y[some], decided[some], weights) for decided in called]
        precisions = [average_precisions(y[some], z[some], weights) for z in pair]
        return np.stack([scores[0] - scores[1], precisions[0] - precisions[1]])

    some, times = thinned(y, rows.units, np.stack(pair, axis=1), seed=setup.seed)
    draws = row_draws(y[some], rows.units[some], RESAMPLES, np.random.default_rng([setup.seed, 8]))
    drawn = np.concatenate([differences(some, block * times) for block in draws], axis=1)
    scores = [float(score(Counts.of(y, decided), "ratio")) for decided in called]
    precisions = [average_precision(y, z) or 0.0 for z in pair]
    values = scores[0] - scores[1], precisions[0] - precisions[1]
    return Against(*(Estimate.of(value, of) for value, of in zip(values, drawn, strict=True)))


def estimate_score(setup: TrialSetup, logits: np.ndarray) -> Estimate:
    """Estimate min(P1, R1) at the FP = FN threshold that the other folds choose, by a bootstrap over row groups.

    Parameters
    ----------
    setup : TrialSetup
    logits : array, shape (scored rows,)
        Out-of-fold.
    """
    rows = setup.scored
    called = decide_by_other_folds(logits, rows.y, rows.fold_of_row)
    tallies = tally(rows.y == 1, check_units(rows.units, len(rows.y)), called[:, None])
    drawn = resampled_sums(tallies, RESAMPLES, np.random.default_rng([setup.seed, 8]))
    return Estimate.of(score(Counts.of(rows.y, called), "ratio"), score(counts_of(drawn)[:, 0], "ratio"))


def _score(y: np.ndarray, called: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute min(P1, R1) in each resample, (resamples,)."""
    tp, calls, positives = weights @ (called & (y == 1)), weights @ called, weights @ (y == 1)
    scores: np.ndarray = tp / np.maximum(calls, positives)
    return scores
