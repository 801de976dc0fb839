"""Against simple things: logistic regression with the same weights, calling nobody, calling everybody."""

from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.class_weight import weight_matrix
from sweep.evidence.learning_curve import cross_called
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import RESAMPLES, average_precisions, interval, row_draws
from sweep.statistics.confusion import Counts, average_precision
from sweep.statistics.criteria import score

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def simple(X: np.ndarray, setup: TrialSetup, most: float, network: np.ndarray) -> dict[str, Any]:
    """Hold the selected network against logistic regression and against no model at all.

    The regression has the network's weights and folds; medians, centres and scales are those of each fold's training
    rows. Its counts are at its own cut 0.5. As the same `most` need not balance both, the two are compared at the
    FP = FN cut that the other folds choose for each, and by average precision.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    most : float
        The balance selected.
    network : array, shape (rows,)
        The network's mean out-of-fold logits at that balance.

    Returns
    -------
    dict
        `logistic_regression`: counts, score, average precision, and `against`, the network less the regression in
        `score` and `average_precision`, each with `low` and `high`; `nobody` and `everybody`: counts and score.
    """
    y, folds = setup.y, setup.fold_of_row
    logits = np.zeros(len(y))
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        model = regression().fit(X[~here], y[~here], logisticregression__sample_weight=weight_matrix(y[~here], most))
        logits[here] = model.decision_function(X[here])
    counts = Counts.of(y, logits > 0)
    return {
        "logistic_regression": {
            **_scored(counts),
            "average_precision": average_precision(y, logits),
            "against": _against(setup, network, logits),
        },
        "nobody": _scored(Counts.of(y, np.zeros(len(y), bool))),
        "everybody": _scored(Counts.of(y, np.ones(len(y), bool))),
    }


def regression() -> "Pipeline":
    """Logistic regression on features filled with the median and standardised, all learned where it is fitted."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=2000)
    )


def _scored(counts: Counts) -> dict[str, Any]:
    return {"counts": counts.to_dict(), "score": float(score(counts, "ratio"))}


def _against(setup: TrialSetup, network: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """The differences, network less other, with paired bootstrap intervals over row groups; the cuts are kept."""
    y, folds = setup.y, setup.fold_of_row
    pair = (network, other)
    called = [cross_called(z, y, folds) for z in pair]
    scores, precisions = [], []
    for block in row_draws(y, setup.groups, RESAMPLES, np.random.default_rng([setup.seed, 8])):
        scores.append(_score(y, called[0], block) - _score(y, called[1], block))
        precisions.append(average_precisions(y, pair[0], block) - average_precisions(y, pair[1], block))
    whole = np.ones((1, len(y)))
    return {
        name: _difference(float(value[0]), np.concatenate(drawn))
        for name, value, drawn in (
            ("score", _score(y, called[0], whole) - _score(y, called[1], whole), scores),
            (
                "average_precision",
                average_precisions(y, network, whole) - average_precisions(y, other, whole),
                precisions,
            ),
        )
    }


def _score(y: np.ndarray, called: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """min(P1, R1) in each resample, (resamples,)."""
    tp, calls, positives = weights @ (called & (y == 1)), weights @ called, weights @ (y == 1)
    scores: np.ndarray = tp / np.maximum(calls, positives)
    return scores


def _difference(value: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = interval(drawn, around=value)
    return {"value": value, "low": low, "high": high}
