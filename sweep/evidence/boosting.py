"""Gradient boosting as a yardstick: scikit-learn's, at settings fixed beforehand, on the network's rows and folds."""

from collections.abc import Sequence

import numpy as np

from sweep.evidence.columns import SourceColumn
from sweep.search.setup import TrialSetup

FEW = 500_000  # values, below which threads would rather wait for each other than help


def boost_out_of_fold(columns: Sequence[SourceColumn], setup: TrialSetup) -> np.ndarray:
    """Fit gradient boosting on the rows that each fold trains on; return the out-of-fold logits, (scored rows,).

    Nothing is tuned on y. Missing values and categories go in as it takes them; classes are not weighted, as it is
    compared at the FP = FN threshold that the other folds choose for it. Where negatives are sampled, each counts for
    as many as it stands for.

    Parameters
    ----------
    columns : sequence of SourceColumn
    setup : TrialSetup
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    parts = [(of, known) for column in columns for of, known in zip(column.values, column.levels, strict=True)]
    categories = np.array([known is not None for _, known in parts])
    rows = setup.scored
    logits = np.zeros(len(rows.y))

    def table(some: np.ndarray) -> np.ndarray:
        return np.stack([of[some] for of, _ in parts], axis=1)

    for fold in range(rows.folds):
        (train, times), here = setup.stand_ins(fold), rows.fold_of_row == fold
        weights = None if setup.sample is None else times
        model = HistGradientBoostingClassifier(
            categorical_features=categories, early_stopping=False, random_state=setup.seed
        )
        with threadpool_limits(1 if len(parts) * len(setup.y) < FEW else None, user_api="openmp"):
            model.fit(table(train), setup.y[train], weights)
            logits[here] = model.decision_function(table(rows.index[here]))
    return logits
