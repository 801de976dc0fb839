"""How long the verdict will take."""

from dataclasses import replace

from sweep.evidence import importance
from sweep.evidence.learning_curve import SHARES, draws_of
from sweep.evidence.permutation_test import FOLDS, NETWORK, SHUFFLES, epochs
from sweep.evidence.two_sample import rows_compared
from sweep.search.estimate import RESAMPLED, networks_of, typical_column
from sweep.search.pace import Pace
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import RESAMPLES, THIN
from sweep.study.space import Space

BOOSTING = 1.5e-7  # seconds a row, column and fold
AROUND = 6.0  # seconds: imports, baselines, bins


def estimate_verdict(setup: TrialSetup, space: Space, pace: Pace, *, columns: int, test_rows: int = 0) -> float:
    """Estimate the seconds of the evidence: what it trains, and what it resamples.

    Parameters
    ----------
    setup : TrialSetup
    space : Space
    pace : Pace
    columns : int
        Of the table.
    test_rows : int
        Of the test table; 0 where there is none.
    """
    rows, folds = len(setup.y), int(setup.fold_of_row.max()) + 1
    shares = len(SHARES) * draws_of(float(setup.y.sum()) * (folds - 1) / folds)
    signal = pace.seconds((SHUFFLES[0] + 1) * FOLDS, replace(NETWORK, epochs=epochs(setup.trained)), setup.trained)
    if test_rows:
        compared = sum(rows_compared(rows, test_rows))
        signal += pace.seconds((SHUFFLES[0] + 1) * FOLDS, replace(NETWORK, epochs=epochs(compared)), compared)
    trained = folds * (shares + setup.repeats) * typical_column(setup, pace, networks_of(space))
    few = min(rows, THIN)
    draws = max(1, min(importance.DRAWS, importance.MOST_SCORED // (few * setup.repeats * max(1, columns))))
    vectors = RESAMPLES * (shares + 20) + importance.RESAMPLES * draws * columns
    boosted = BOOSTING * (folds * setup.trained + rows) * columns
    return AROUND + signal + trained + few * 4 * RESAMPLED * vectors + boosted
