"""Gradient boosting as a yardstick: scikit-learn's, at settings fixed beforehand, on the network's rows and folds."""

from collections.abc import Sequence

import numpy as np

from sweep.evidence.columns import SourceColumn
from sweep.search.setup import TrialSetup

FEW = 500_000  # values, below which threads would rather wait for each other than help
BINS = 255  # of a number, scikit-learn's
SUBSAMPLED = 200_000  # rows, beyond which scikit-learn takes its quantiles of some, without weights


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

    def table(some: np.ndarray, edges: Sequence[np.ndarray | None]) -> np.ndarray:
        return np.stack([_bin(of[some], between) for (of, _), between in zip(parts, edges, strict=True)], axis=1)

    for fold in range(rows.folds):
        (train, times), here = setup.stand_ins(fold), rows.fold_of_row == fold
        weights = None if setup.sample is None else times
        few = weights is not None and len(train) <= SUBSAMPLED
        edges = [weighted_edges(of[train], times) if few and known is None else None for of, known in parts]
        model = HistGradientBoostingClassifier(
            categorical_features=categories, early_stopping=False, random_state=setup.seed
        )
        with threadpool_limits(1 if len(parts) * len(setup.y) < FEW else None, user_api="openmp"):
            model.fit(table(train, edges), setup.y[train], weights)
            logits[here] = model.decision_function(table(rows.index[here], edges))
    return logits


def weighted_edges(values: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Find the edges of the bins that scikit-learn would sort a weighted number into; None where each value has one.

    scikit-learn sorts the values anew for each of 254 quantiles, and takes longer for that than for its trees. Numbers
    that are bins already, at most `BINS` of them, it leaves as they are.

    Parameters
    ----------
    values : array of float64, shape (rows,); NaN: missing
    weights : array, above 0, shape (rows,)

    Examples
    --------
    >>> weighted_edges(np.arange(510.0), np.ones(510))[:3].tolist()
    [1.5, 3.5, 5.5]
    """
    known = ~np.isnan(values)
    order = np.argsort(values[known])
    rising, mass = values[known][order], np.cumsum(weights[known][order])
    if len(np.unique(rising)) <= BINS:
        return None
    wanted = np.linspace(0, 100, BINS + 1)[1:-1] / 100 * mass[-1]
    at = np.minimum(np.searchsorted(mass, wanted), len(mass) - 1)
    after = np.minimum(at + 1, len(mass) - 1)
    halfway = mass[at] - wanted <= np.finfo(np.float64).eps
    edges = np.unique(np.where(halfway, (rising[at] + rising[after]) / 2, rising[at]))
    filled = np.unique(np.searchsorted(edges, rising))  # an empty bin belongs to the next one
    inside: np.ndarray = edges[filled[filled < len(edges)]]
    return inside


def _bin(values: np.ndarray, edges: np.ndarray | None) -> np.ndarray:
    """Sort values into bins, (rows,) from 0 on; missing ones stay so."""
    if edges is None:
        return values
    return np.where(np.isnan(values), np.nan, np.searchsorted(edges, values))
